"""Questions that cross layers: hazard rasters, and what threatens a place."""
