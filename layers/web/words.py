"""The words that the scripts of the map page write; what stands on the page from the start is in its template."""

from layers.text import text

WORDS = {
    "also_here": text("Juga di sini", "Also here"),
    "areas_all": text("Seluruh wilayah", "All areas"),
    "cluster": text("{n} fitur di sini; perbesar untuk melihatnya.", "{n} features here; zoom in to see them."),
    "copied": text("Tersalin", "Copied"),
    "copy": text("Salin", "Copy"),
    "curl": text("curl: halaman pertama sebagai GeoJSON", "curl: the first page as GeoJSON"),
    "download": text("Unduh", "Download"),
    "failed": text("Tidak dapat dibaca: {why}", "Cannot be read: {why}"),
    "legend": text("Legenda dan saringan", "Legend and filter"),
    "link": text("Tautan ke tampilan ini", "Link to this view"),
    "live": text("Langsung: perubahan tampil seketika.", "Live: changes show at once."),
    "live_lost": text("Sambungan terputus; sedang disambung kembali.", "Connection lost; connecting again."),
    "live_off": text("Tidak langsung: muat ulang untuk data terbaru.", "Not live: reload for the newest data."),
    "map": text(
        "Peta. Tombol panah menggeser, + dan - memperbesar dan memperkecil, Enter menampilkan fitur di tengah peta.",
        "Map. Arrow keys pan, + and - zoom, Enter shows the feature in the middle of the map.",
    ),
    "nothing_found": text("Tidak ada yang cocok.", "Nothing matches."),
    "nothing_here": text("Tidak ada fitur di tengah peta.", "There is no feature in the middle of the map."),
    "no_answer": text("peladen tidak menjawab.", "the server does not answer."),
    "no": text("tidak", "no"),
    "observed": text("Diamati {age}", "Observed {age}"),
    "observed_never": text("Waktu pengamatan tidak diketahui", "Time of observation unknown"),
    "ogc": text("OGC API: koleksi", "OGC API: collection"),
    "page": text("Halaman fitur", "Feature page"),
    "qgis_features": text("QGIS: sambungan OGC API – Features", "QGIS: OGC API – Features connection"),
    "qgis_tiles": text("QGIS: gaya untuk petak vektor", "QGIS: style for the vector tiles"),
    "use": text("Pakai lapisan ini", "Use this layer"),
    "xyz": text("XYZ: petak vektor", "XYZ: vector tiles"),
    "yes": text("ya", "yes"),
    "zoom_in": text("Perbesar", "Zoom in"),
    "zoom_out": text("Perkecil", "Zoom out"),
    "zoom_to": text("Tuju fitur", "Zoom to feature"),
}
"""By the name that the scripts use; ``{n}``, ``{why}`` and ``{age}`` are filled in there."""
