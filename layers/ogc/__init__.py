"""OGC API - Features at ``/oapi/``, by pygeoapi.

- ``engine``: pygeoapi's API object, one an address; it makes the landing page and the collections.
- ``features``: the pygeoapi provider, so that pygeoapi can also serve the same configuration by itself.
- ``schemas``, ``openapi``, ``conformance``: documents made from the catalogue.
- ``views``: one view a resource; items are the text that PostGIS makes, HTML is the JSON document rendered.
"""
