"""The agencies' door at ``/api/v1/``: one resource a layer, made from the catalogue by Django REST framework GIS.

::

    urls ─► viewsets ─► filters, pagination    what a list holds
               │  └───► serializers            GeoJSON features in and out, validated by the model
               └──────► problems               every fault as problem+json

A layer needs no code here. ``formats`` are the media types; ``schema`` tells drf-spectacular what it cannot see.
"""
