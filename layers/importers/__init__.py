"""Files in: whatever GDAL reads becomes rows of a layer, all of them or none.

::

    file ─► reader ─► mapping ─► values, geometries ─► query.staging ─► layer's table
            Arrow     which field   the models' own      constraints,
            batches   feeds which   rules, per batch     then one write

- ``reader``: a file as a stream of Arrow record batches, in bounded memory.
- ``mapping``: which field of the file, or which constant, feeds which field of the layer.
- ``values``: a column of the file, cleaned by the model's field.
- ``geometries``: a column of geometries, held to the rule of ``layers.models.geometry``.
- ``importer``: the one way through, :func:`~layers.importers.importer.layer_import`.
"""
