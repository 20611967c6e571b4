"""The addresses below ``/api/v1/``."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from layers.catalog import layers
from layers.rest import schema  # noqa: F401  (drf-spectacular finds it once it is imported)
from layers.rest.views import DocsView, RootView, SchemaView, TokenView, missing
from layers.rest.viewsets import viewset_for

app_name = "rest"

router = SimpleRouter(use_regex_path=False)
for layer in layers():
    router.register(layer.id, viewset_for(layer), basename=layer.id)

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("token/", TokenView.as_view(), name="token"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    *router.urls,
    path("<path:rest>", missing),
]
