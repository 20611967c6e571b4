"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from geoportal.health import alive, ready

urlpatterns = [
    path("", RedirectView.as_view(url="/oapi/", query_string=True)),
    path("", include("layers.ogc.urls")),
    path("api/v1/", include("layers.rest.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url="/static/layers/icon.svg")),
    path("healthz", alive),
    path("readyz", ready),
]

handler404 = "layers.middleware.page_missing"
handler500 = "layers.middleware.server_failed"
