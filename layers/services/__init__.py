"""Questions that cross layers: what threatens a place, what an area holds; and hazard rasters.

- ``hazards``: what threatens a position, and where to go from there.
- ``screening``: the same of many positions as a stream; ``points`` reads them from a file.
- ``impact``: what an area holds and what cannot be reached; ``needs``: what so many people need.
- ``jobs``: questions that are answered later.
- ``rasters``: what rasters say in a cell; ``raster_windows``: in a window of cells or on a grid of another CRS.
- ``raster_zonal``: statistics by area; ``raster_areas``: where a raster reaches a threshold.
- ``raster_zones``: the classes of a raster as disaster zones.
"""
