"""The addresses below ``/api/v1/``."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from layers.catalog import layers
from layers.rest import schema  # noqa: F401  (drf-spectacular finds it once it is imported)
from layers.rest.alerts import AlertsView, AlertView
from layers.rest.hazards import HazardsAtView, ImpactView
from layers.rest.screening import ScreenView
from layers.rest.views import DocsView, RootView, SchemaView, TokenView, missing
from layers.rest.viewsets import viewset_for

app_name = "rest"

router = SimpleRouter(use_regex_path=False)
for layer in layers():
    router.register(layer.id, viewset_for(layer), basename=layer.id)

HAZARDS = {"at": HazardsAtView, "impact": ImpactView, "screen": ScreenView}
"""The questions about hazards, asked without a slash at the end; with one they are answered as well."""

urlpatterns = [
    *(path(f"hazards/{name}", view.as_view(), name=f"hazards-{name}") for name, view in HAZARDS.items()),
    *(path(f"hazards/{name}/", view.as_view(schema=None)) for name, view in HAZARDS.items()),
    path("", RootView.as_view(), name="root"),
    path("token/", TokenView.as_view(), name="token"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    path("alerts/", AlertsView.as_view(), name="alerts"),
    path("alerts/<str:id>.cap", AlertView.as_view(), name="alert"),
    *router.urls,
    path("<path:rest>", missing),
]
