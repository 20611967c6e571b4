"""Runs under QGIS's own Python: opens the layers of an OGC API and prints what QGIS sees, as JSON."""

import json
import os
import sys

from qgis.core import QgsApplication, QgsVectorLayer, QgsWkbTypes

url, ids = sys.argv[1], sys.argv[2:]
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
seen = {}
for id in ids:
    layer = QgsVectorLayer(f"url='{url}' typename='{id}'", id, "OAPIF")
    features = list(layer.getFeatures())
    seen[id] = {
        "valid": layer.isValid(),
        "error": layer.error().message(),
        "crs": layer.crs().authid(),
        "geometry": QgsWkbTypes.displayString(layer.wkbType()),
        "fields": [field.name() for field in layer.fields()],
        "count": len(features),
        "codes": sorted(str(feature["code"]) for feature in features),
    }
sys.stdout.write(json.dumps(seen))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 crashes while it tidies up without a display
