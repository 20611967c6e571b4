"""The geoportal's layers: stored in PostGIS, described in one file, published through two doors.

::

    HTTP ─► ogc | rest ─► query ─► PostGIS
               │            ▲
               └► catalog ──┘        models: what is stored; catalog: what is published

- ``text``: words for people in Indonesian and English.
- ``errors``: what a client did wrong, and how it is told (RFC 9457).
- ``scratch``: folders for files in the making.
- ``models``: what is stored, one file a layer.
- ``catalog``: ``pygeoapi-config.yml`` read once and joined to the models into frozen ``Layer`` values.
- ``checks``: proof, at every start, that configuration and models agree.
- ``query``: the only place that writes SQL. A request becomes a typed value, a pure function makes SQL of it.
- ``importers``, ``exports``: files in and out, through GDAL; the tiles of an area as one archive.
- ``services``: the questions that cross layers: what threatens a point, what is inside an area; hazard rasters.
- ``styles``: colours, icons and patterns, as MapLibre styles, SLD, sprite and legends.
- ``logins``: the limit to failed log-ins, for every door, and to what a form of another site can do.
- ``answers``: answers given again while their version holds, in front of everything.
- ``middleware``: the language of a request, compression, and faults told where no door tells them.
- ``ogc``: OGC API - Features, Tiles, Styles, Coverages and Processes at ``/oapi/``, with pygeoapi; its writes go
  through REST's serializers.
- ``web``: the live map at ``/``, which uses nothing but the public API.
- ``rest``: the agencies' door at ``/api/v1/``, by Django REST framework GIS.
- ``admin``: one loop over the catalogue.
- ``templatetags``, ``management``, ``apps``: what Django looks for by name: words of templates, commands, the start.

Imports point one way: text ← errors ← models, answers, middleware, scratch ← catalog ← query ← checks, services,
exports, importers, logins, styles ← rest ← ogc, web, admin, templatetags, management ← apps.
``tests/test_architecture.py`` holds them to it.
"""
