"""Every address of the portal."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from geoportal.events import events_elsewhere
from geoportal.health import alive, ready
from layers.ogc.resource import only
from layers.web.views import background, map_page

urlpatterns = [
    path("", include("layers.ogc.urls")),
    path("", only(map_page), name="map"),
    path("background.pmtiles", only(background), name="map-background"),
    path("api/v1/", include("layers.rest.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=static("layers/icon.svg"))),
    path("events", only(events_elsewhere), name="events"),
    path("healthz", only(alive)),
    path("readyz", only(ready)),
]

handler400 = "layers.middleware.request_refused"
handler403 = "layers.middleware.page_forbidden"
handler404 = "layers.middleware.page_missing"
handler500 = "layers.middleware.server_failed"
