"""What is stored: one file a layer, on the base of :class:`~layers.models.base.Feature`."""

from layers.models.administrative_area import AdministrativeArea
from layers.models.aid_post import AidPost
from layers.models.base import Feature, PlacedFeature
from layers.models.cap_alert import CapAlert
from layers.models.disaster_zone import DisasterZone
from layers.models.earthquake import Earthquake
from layers.models.health_facility import HealthFacility
from layers.models.job import Job
from layers.models.login_failure import LoginFailure
from layers.models.market import Market
from layers.models.parking_spot import ParkingSpot
from layers.models.raster import Raster, RasterBand

__all__ = [
    "AdministrativeArea",
    "AidPost",
    "CapAlert",
    "DisasterZone",
    "Earthquake",
    "Feature",
    "HealthFacility",
    "Job",
    "LoginFailure",
    "Market",
    "ParkingSpot",
    "PlacedFeature",
    "Raster",
    "RasterBand",
]
