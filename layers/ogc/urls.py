"""The addresses below ``/oapi``; the landing page answers with and without a slash, for clients add and drop it."""

from django.urls import URLPattern, URLResolver, include, path

from layers.ogc import changes, coverages, processes, styles, tiles, views

vector_tiles = [
    path("tiles", tiles.tilesets),
    path("tiles/<str:tms>", tiles.tileset),
    path("tiles/<str:tms>/<str:z>/<str:row>/<str:col>", tiles.tile),
]

collection = [
    path("items", views.items),
    path("items/<str:item_id>", views.item, name="oapi-item"),
    *vector_tiles,
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

dataset: list[URLPattern | URLResolver] = [
    path("collections/<str:id>/", include(collection)),  # first, for it is asked for most
    *vector_tiles,
    path("", views.landing),
    path("conformance", views.conformance),
    path("openapi", views.openapi),
    path("collections", views.collections),
    path("collections/<str:id>", views.collection),
    path("tileMatrixSets", tiles.tile_matrix_sets),
    path("tileMatrixSets/<str:tms>", tiles.tile_matrix_set),
    path("processes", processes.processes),
    path("processes/<str:id>", processes.process),
    path("processes/<str:id>/execution", processes.execution),
    path("jobs", processes.jobs),
    path("jobs/<str:id>", processes.job),
    path("jobs/<str:id>/results", processes.results),
    path("styles", styles.styles),
    path("styles/sprite<str:file>", styles.sprite),
    path("styles/images/<str:name>.svg", styles.image),
    path("styles/<str:id>", styles.style),
    path("styles/<str:id>/legend", styles.legend),
    path("styles/<str:id>/metadata", styles.metadata),
]

urlpatterns = [
    path("oapi/", include(dataset)),
    path("oapi", views.landing, name="oapi-landing"),
]
