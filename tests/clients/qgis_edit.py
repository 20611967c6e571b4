"""Runs under QGIS's own Python: edits a layer of an OGC API and prints what came of it, as JSON.

Its argument is JSON: ``{"uri": …, "user": [name, password], "adds": [[properties, WKT], …], "changes": {code:
properties}, "moves": {code: WKT}, "deletes": [code, …]}``; all but the first may be left out.
"""

import json
import os
import sys

from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsFeature, QgsGeometry, QgsVectorLayer

QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
asked = json.loads(sys.argv[1])
uri = asked["uri"]
if "user" in asked:
    logins = QgsApplication.authManager()
    logins.setMasterPassword("kunci", True)
    login = QgsAuthMethodConfig("Basic")
    login.setName("portal")
    login.setConfigMap(dict(zip(("username", "password"), asked["user"], strict=True)))
    logins.storeAuthenticationConfig(login)
    uri += f" authcfg={login.id()}"
layer = QgsVectorLayer(uri, "layer", "OAPIF")
ids = {feature["code"]: feature.id() for feature in layer.getFeatures()}
told = {"may": layer.dataProvider().capabilitiesString(), "begun": layer.startEditing()}
for properties, wkt in asked.get("adds", []):
    feature = QgsFeature(layer.fields())
    for name, value in properties.items():
        feature[name] = value
    feature.setGeometry(QgsGeometry.fromWkt(wkt))
    layer.addFeature(feature)
for code, properties in asked.get("changes", {}).items():
    for name, value in properties.items():
        layer.changeAttributeValue(ids[code], layer.fields().indexOf(name), value)
for code, wkt in asked.get("moves", {}).items():
    layer.changeGeometry(ids[code], QgsGeometry.fromWkt(wkt))
for code in asked.get("deletes", []):
    layer.deleteFeature(ids[code])
told |= {"committed": layer.commitChanges(), "errors": layer.commitErrors()}
told["seen"] = {feature["code"]: feature["name"] for feature in layer.getFeatures()}
sys.stdout.write(json.dumps(told))
sys.stdout.flush()
os._exit(0)  # as in qgis_open.py
