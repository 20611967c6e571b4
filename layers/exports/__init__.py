"""Files out: the published properties of a layer in a format that others read, see ``layers.exports.writer``."""
