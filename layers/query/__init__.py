"""The only place that writes SQL.

A request becomes a typed, validated value; a pure function turns layer and value into SQL and arguments;
features leave PostGIS as finished GeoJSON text.
"""
