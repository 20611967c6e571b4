"""An import while features of the layer are being edited: one waits for the other, and neither is lost."""

import json
from pathlib import Path

from conftest import FeatureMake, in_the_background, values_make
from django.db.backends.base.base import BaseDatabaseWrapper

from layers.catalog import layer_get
from layers.importers.importer import layer_import


def test_an_import_waits_for_an_edit_that_has_its_row(
    elsewhere: BaseDatabaseWrapper, feature_make: FeatureMake, tmp_path: Path
) -> None:
    """Edits lock their row before they write: between the two, an import and the edit would wait for each other."""
    layer = layer_get("markets")
    feature = feature_make(layer)
    row = {"type": "Feature", "geometry": json.loads(feature.geom.geojson)}
    row["properties"] = values_make(layer) | {"code": feature.code, "name": "imported"}
    file = tmp_path / "markets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [row]}))

    with elsewhere.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {layer.table} FOR UPDATE")
        thread, reports = in_the_background(lambda: layer_import(layer, file))
        cursor.execute(f"UPDATE {layer.table} SET kiosks = 7")
        elsewhere.commit()
    thread.join()

    assert [report.changed for report in reports] == [1]
    feature.refresh_from_db()
    assert (feature.name, feature.kiosks) == ("imported", 7)
