"""The addresses below ``/oapi``; the landing page answers with and without a slash, for clients add and drop it."""

from django.urls import path

from layers.ogc import views

urlpatterns = [
    path("oapi", views.landing, name="oapi-landing"),
    path("oapi/", views.landing),
    path("oapi/conformance", views.conformance),
    path("oapi/openapi", views.openapi),
    path("oapi/collections", views.collections),
    path("oapi/collections/<str:id>", views.collection),
    path("oapi/collections/<str:id>/schema", views.schema),
    path("oapi/collections/<str:id>/queryables", views.queryables),
    path("oapi/collections/<str:id>/items", views.items),
    path("oapi/collections/<str:id>/search", views.search),
    path("oapi/collections/<str:id>/items/<str:item_id>", views.item, name="oapi-item"),
]
