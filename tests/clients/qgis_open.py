"""Runs under QGIS's own Python: opens layers of an OGC API and prints what QGIS sees, as JSON.

Its argument is a JSON list of ``{"uri": …, "subset": …, "rect": [west, south, east, north]}``; the last two may be
left out.
"""

import json
import os
import sys

from qgis.core import QgsApplication, QgsFeatureRequest, QgsJsonExporter, QgsRectangle, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QVariant

QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
seen = []
for asked in json.loads(sys.argv[1]):
    layer = QgsVectorLayer(asked["uri"], "layer", "OAPIF")
    count = layer.dataProvider().featureCount()
    layer.setSubsetString(asked.get("subset", ""))
    request = QgsFeatureRequest()
    if "rect" in asked:
        request.setFilterRect(QgsRectangle(*asked["rect"]))
    exporter = QgsJsonExporter(layer, 7)
    exporter.setAttributeDisplayName(False)
    seen.append(
        {
            "valid": layer.isValid(),
            "error": layer.error().message(),
            "crs": layer.crs().authid(),
            "geometry": QgsWkbTypes.displayString(layer.wkbType()),
            "fields": {field.name(): QVariant.typeToName(field.type()) for field in layer.fields()},
            "aliases": {field.name(): field.alias() for field in layer.fields()},
            "count": count,
            "features": json.loads(exporter.exportFeatures(list(layer.getFeatures(request))))["features"],
        }
    )
sys.stdout.write(json.dumps(seen))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 crashes while it tidies up without a display
