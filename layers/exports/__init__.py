"""Files out: the published properties of a layer in a format that others read, see ``layers.exports.writer``; the tiles
of an area as one archive, see ``layers.exports.tileset``."""
