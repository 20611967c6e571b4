"""The geoportal's layers: stored in PostGIS, described in one file, published through two doors.

::

    HTTP ─► ogc | rest ─► query ─► PostGIS
               │            ▲
               └► catalog ──┘        models: what is stored; catalog: what is published

- ``text``: words for people in Indonesian and English.
- ``errors``: what a client did wrong, and how it is told (RFC 9457).
- ``models``: what is stored, one file a layer.
- ``catalog``: ``pygeoapi-config.yml`` read once and joined to the models into frozen ``Layer`` values.
- ``checks``: proof, at every start, that configuration and models agree.
- ``query``: the only place that writes SQL. A request becomes a typed value, a pure function makes SQL of it.
- ``importers``, ``exports``: files in and out, through GDAL.
- ``logins``: the limit to failed log-ins, for every door.
- ``ogc``: OGC API - Features at ``/oapi/``, by pygeoapi; its writes go through REST's serializers.
- ``rest``: the agencies' door at ``/api/v1/``, by Django REST framework GIS.
- ``admin``: one loop over the catalogue.

Imports point one way: text, errors, models ← catalog ← query ← importers, exports, logins ←
rest ← ogc, admin, commands.
``tests/test_architecture.py`` holds them to it.
"""
