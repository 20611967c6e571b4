"""The OGC API at ``/oapi/``, by pygeoapi and our own views.

- ``urls``, ``resource``: the addresses, and what all that stand behind them do alike.
- ``engine``: pygeoapi's API object, one an address; it makes the landing page and the collections.
- ``features``: the pygeoapi provider, so that pygeoapi can also serve the same configuration by itself.
- ``views``: Features, one view a resource; items are the text that PostGIS makes, HTML is the JSON document rendered.
- ``formats``: items in formats other than GeoJSON and HTML.
- ``editing``, ``changes``: creating, replacing, changing and deleting items, and the feed of what was changed.
- ``tiles``, ``styles``: vector tiles, and what layers look like.
- ``coverages``, ``coverage_values``: hazard rasters, their descriptions and pictures, and the values asked for.
- ``processes``, ``job_list``: the impact of a hazard, at once or as a job, and which jobs are asked for.
- ``schemas``, ``conformance``: documents made from the catalogue, and the one that says what holds.
- ``openapi``, and ``openapi_tiles``, ``openapi_processes`` for their resources: the description, of ``openapi_parts``.
- ``links``, ``caching``: links and formats, ETags and 304.
"""
