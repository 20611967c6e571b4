"""What the OGC API conforms to: exactly what holds; docs/conformance.md lists what is missing."""

_SPEC = "http://www.opengis.net/spec"

CONFORMANCE = (
    *(
        f"{_SPEC}/cql2/1.0/conf/{name}"
        for name in (
            "accent-insensitive-comparison",
            "advanced-comparison-operators",
            "arithmetic",
            "array-functions",
            "basic-cql2",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "basic-spatial-operators",  # an older name, which QGIS looks for
            "case-insensitive-comparison",
            "cql2-json",
            "cql2-text",
            "property-property",
            "spatial-functions",
            "temporal-functions",
        )
    ),
    f"{_SPEC}/ogcapi-common-1/1.0/conf/core",
    f"{_SPEC}/ogcapi-common-2/1.0/conf/collections",
    f"{_SPEC}/ogcapi-common-3/1.0/conf/schemas",
    f"{_SPEC}/ogcapi-features-1/1.0/conf/core",
    f"{_SPEC}/ogcapi-features-1/1.0/conf/geojson",
    f"{_SPEC}/ogcapi-features-1/1.0/conf/html",
    f"{_SPEC}/ogcapi-features-1/1.0/conf/oas30",
    f"{_SPEC}/ogcapi-features-2/1.0/conf/crs",
    f"{_SPEC}/ogcapi-features-3/1.0/conf/features-filter",
    f"{_SPEC}/ogcapi-features-3/1.0/conf/filter",
    f"{_SPEC}/ogcapi-features-3/1.0/conf/queryables",
    f"{_SPEC}/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    f"{_SPEC}/ogcapi-features-4/1.0/conf/create-replace-delete",
    f"{_SPEC}/ogcapi-features-4/1.0/conf/update",
    f"{_SPEC}/ogcapi-features-5/1.0/conf/schemas",
    *(
        f"{_SPEC}/ogcapi-processes-1/1.0/conf/{name}"
        for name in ("core", "dismiss", "job-list", "json", "oas30", "ogc-process-description")
    ),
    *(
        f"{_SPEC}/ogcapi-tiles-1/1.0/conf/{name}"
        for name in (
            "collections-selection",
            "core",
            "dataset-tilesets",
            "datetime",
            "geodata-tilesets",
            "mvt",
            "oas30",
            "tileset",
            "tilesets-list",
        )
    ),
    *(
        f"{_SPEC}/tms/2.0/conf/{name}"
        for name in (
            "json-tilematrixset",
            "json-tilematrixsetlimits",
            "json-tilesetmetadata",
            "tilematrixset",
            "tilematrixsetlimits",
            "tilesetmetadata",
        )
    ),
)
