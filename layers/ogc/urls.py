"""The addresses below ``/oapi``; the landing page answers with and without a slash, for clients add and drop it."""

from django.urls import include, path

from layers.ogc import changes, coverages, processes, styles, tiles, views

collection = [
    path("items", views.items),
    path("items/<str:item_id>", views.item, name="oapi-item"),
    path("tiles", tiles.tilesets),
    path("tiles/<str:tms>", tiles.tileset),
    path("tiles/<str:tms>/<str:z>/<str:row>/<str:col>", tiles.tile),
    path("schema", views.schema),
    path("queryables", views.queryables),
    path("changes", changes.changes),
    path("search", views.search),
    path("coverage", coverages.coverage),
    path("coverage/domainset", coverages.coverage_domain_set),
    path("coverage/rangetype", coverages.coverage_range_type),
    path("map/legend", coverages.map_legend),
    path("map/tiles/<str:tms>", coverages.map_tileset),
    path("map/tiles/<str:tms>/<str:z>/<str:row>/<str:col>.png", coverages.map_tile),
]

urlpatterns = [
    path("oapi/collections/<str:id>/", include(collection)),  # first, for it is asked for most
    path("oapi", views.landing, name="oapi-landing"),
    path("oapi/", views.landing),
    path("oapi/conformance", views.conformance),
    path("oapi/openapi", views.openapi),
    path("oapi/collections", views.collections),
    path("oapi/collections/<str:id>", views.collection),
    path("oapi/tileMatrixSets", tiles.tile_matrix_sets),
    path("oapi/tileMatrixSets/<str:tms>", tiles.tile_matrix_set),
    path("oapi/tiles", tiles.tilesets),
    path("oapi/tiles/<str:tms>", tiles.tileset),
    path("oapi/tiles/<str:tms>/<str:z>/<str:row>/<str:col>", tiles.tile),
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
