"""The addresses below ``/oapi``; the landing page answers with and without a slash, for clients add and drop it."""

from django.urls import path

from layers.ogc import changes, coverages, processes, styles, tiles, views

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
    path("oapi/collections/<str:id>/changes", changes.changes),
    path("oapi/collections/<str:id>/search", views.search),
    path("oapi/collections/<str:id>/items/<str:item_id>", views.item, name="oapi-item"),
    path("oapi/tileMatrixSets", tiles.tile_matrix_sets),
    path("oapi/tileMatrixSets/<str:tms>", tiles.tile_matrix_set),
    path("oapi/tiles", tiles.tilesets),
    path("oapi/tiles/<str:tms>", tiles.tileset),
    path("oapi/tiles/<str:tms>/<str:z>/<str:row>/<str:col>", tiles.tile),
    path("oapi/collections/<str:id>/tiles", tiles.tilesets),
    path("oapi/collections/<str:id>/tiles/<str:tms>", tiles.tileset),
    path("oapi/collections/<str:id>/tiles/<str:tms>/<str:z>/<str:row>/<str:col>", tiles.tile),
    path("oapi/collections/<str:id>/coverage", coverages.coverage),
    path("oapi/collections/<str:id>/map/legend", coverages.map_legend),
    path("oapi/collections/<str:id>/map/tiles/<str:tms>", coverages.map_tileset),
    path("oapi/collections/<str:id>/map/tiles/<str:tms>/<str:z>/<str:row>/<str:col>.png", coverages.map_tile),
    path("oapi/processes", processes.processes),
    path("oapi/processes/<str:id>", processes.process),
    path("oapi/processes/<str:id>/execution", processes.execution),
    path("oapi/jobs", processes.jobs),
    path("oapi/jobs/<str:id>", processes.job),
    path("oapi/jobs/<str:id>/results", processes.results),
    path("oapi/styles", styles.styles),
    path("oapi/styles/sprite<str:file>", styles.sprite),
    path("oapi/styles/images/<str:name>.svg", styles.image),
    path("oapi/styles/<str:id>", styles.style),
    path("oapi/styles/<str:id>/legend", styles.legend),
    path("oapi/styles/<str:id>/metadata", styles.metadata),
]
