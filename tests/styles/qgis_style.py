"""Runs under QGIS's own Python: converts styles for vector tiles and loads their SLDs, and prints what QGIS says.

Its argument is a folder with the sprite's ``sprite@2x.json`` and ``sprite@2x.png`` and, for each layer, its style
``ID.json``, its ``ID.sld``, and ``ID.geojson`` for that to draw.
"""

import json
import os
import sys
from pathlib import Path

from qgis.core import QgsApplication, QgsMapBoxGlStyleConversionContext, QgsMapBoxGlStyleConverter, QgsVectorLayer
from qgis.PyQt.QtGui import QImage

folder = Path(sys.argv[1])
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
context = QgsMapBoxGlStyleConversionContext()
context.setSprites(QImage(str(folder / "sprite@2x.png")), json.loads((folder / "sprite@2x.json").read_text()))
seen = {}
for sld in folder.glob("*.sld"):
    converter = QgsMapBoxGlStyleConverter()
    context.clearWarnings()
    failed = converter.convert(json.loads(sld.with_suffix(".json").read_text()), context)
    layer = QgsVectorLayer(str(sld.with_suffix(".geojson")), "layer", "ogr")
    message, loaded = layer.loadSldStyle(str(sld))
    drawn = [*converter.renderer().styles(), *converter.labeling().styles()]
    seen[sld.stem] = {
        "error": converter.errorMessage() if failed else "",
        "warnings": converter.warnings(),
        "drawn": {one.styleName(): one.layerName() for one in drawn},
        "rules": [item.label() for item in layer.renderer().legendSymbolItems()] if loaded else message,
    }
sys.stdout.write(json.dumps(seen))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 crashes while it tidies up without a display
