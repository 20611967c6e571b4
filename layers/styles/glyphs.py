"""The glyphs of the icons: strokes in a box of 16 by 16, as SVG path data, by name of image (collection and code)."""

OTHER = "M6 8a2 2 0 1 0 4 0 2 2 0 1 0-4 0"

_WAVE = "q1.6-2 3.2 0t3.2 0 3.2 0 3.2 0"
_PARKING = "V2h3a2.6 2.6 0 0 1 0 5.2h-3"

GLYPHS = {
    # an awning, crates, a trolley, a star
    "markets-pasar_rakyat": "M2 6 3.5 2.5h9L14 6M2 6a2 2 0 0 0 4 0 2 2 0 0 0 4 0 2 2 0 0 0 4 0M3.5 8.5V14h9V8.5",
    "markets-pasar_induk": "M2 14V8.5h5.5V14zM8.5 14V8.5H14V14zM5.2 8.3V2.5h5.6v5.8",
    "markets-pasar_modern": "M1.5 2.5h2l1.8 7.5h7l1.5-5.5H4.2M6.2 13.3h.01M11.4 13.3h.01",
    "markets-pasar_khusus": "M8 1.8l1.9 4.1 4.4.5-3.3 3 .9 4.4L8 11.6l-3.9 2.2.9-4.4-3.3-3 4.4-.5z",
    # a P by the road, a P in a bay
    "parking_spots-tepi_jalan": f"M5.8 11{_PARKING}M1.8 14.4h2.4M6.8 14.4h2.4M11.8 14.4h2.4",
    "parking_spots-khusus": f"M6.2 11.4{_PARKING}M1.8 8v6.4h12.4V8",
    # H, a cross, a cross in a house, a stethoscope, a mortar, a flask, a siren
    "health_facilities-rumah_sakit": "M4.5 2.5v11M11.5 2.5v11M4.5 8h7",
    "health_facilities-puskesmas": "M8 2.2v11.6M2.2 8h11.6",
    "health_facilities-pustu": "M1.8 7.4 8 2l6.2 5.4M3.5 6v8h9V6M8 7.4v4.2M5.9 9.5h4.2",
    "health_facilities-klinik": "M3 2v3.6a3.2 3.2 0 0 0 6.4 0V2M6.2 8.8v2.4a3.2 3.2 0 0 0 6.4 0V8.6M12.6 6.6h.01",
    "health_facilities-apotek": "M2.2 7h11.6l-1 3.2a4 4 0 0 1-3.8 2.8H7a4 4 0 0 1-3.8-2.8zM8.6 6.8l3.9-5M5.5 14.6h5",
    "health_facilities-lab": "M5.8 1.8h4.4"
    "M6.6 2v4.2L2.8 13a1 1 0 0 0 .9 1.4h8.6a1 1 0 0 0 .9-1.4L9.4 6.2V2M4.8 10.4h6.4",
    "health_facilities-psc_119": "M4.2 11V8.2a3.8 3.8 0 0 1 7.6 0V11M2.5 13.8h11V11.2h-11z"
    "M8 2V1.4M3.2 4.2l-.6-.6M12.8 4.2l.6-.6",
    # a flag, a tent, a lifebuoy, a person under a roof, a pot, a parcel, an open cross, stairs up, a place to assemble
    "aid_posts-pos_komando": "M4 14.4V1.8l8.6 3.1L4 8.2",
    "aid_posts-pos_lapangan": "M1.4 13.8 8 2.4l6.6 11.4zM8 8.4l-2.6 5.2M8 8.4l2.6 5.2",
    "aid_posts-pos_pendukung": "M8 1.8a6.2 6.2 0 1 0 .01 0M8 5.6a2.4 2.4 0 1 0 .01 0"
    "M3.7 3.7l2.5 2.5M12.3 3.7 9.8 6.2M3.7 12.3l2.5-2.5M12.3 12.3 9.8 9.8",
    "aid_posts-pengungsian": "M1.4 6.4 8 1.6l6.6 4.8M8 6.4a1.7 1.7 0 1 0 .01 0M4.4 14.4V13a3.6 3.6 0 0 1 7.2 0v1.4",
    "aid_posts-dapur_umum": "M3 7.4h10V12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"
    "M1.2 8.4H3M13 8.4h1.8M5.4 4.8V3M8 4.8V1.8M10.6 4.8V3",
    "aid_posts-gudang": "M2 4.8l6-3 6 3v6.6l-6 3-6-3zM2 4.8l6 3 6-3M8 7.8v6.6",
    "aid_posts-pos_kesehatan": "M6 1.8h4V6h4.2v4H10v4.2H6V10H1.8V6H6z",
    "aid_posts-tes": "M1.8 14.2h4v-4h4v-4h4.4M2 8.2l6-6M4 1.8h4.4v4.4",
    "aid_posts-tea": "M1.8 1.8 6 6M6 2.8V6H2.8M14.2 1.8 10 6M10 2.8V6h3.2"
    "M1.8 14.2 6 10M6 13.2V10H2.8M14.2 14.2 10 10M10 13.2V10h3.2",
    # a house in water, a slope with stones, waves, a whirl, the sun, a flame, a seismogram, one great wave, a volcano,
    # an arrow into the ground
    "disaster_zones-101": f"M3.4 8V5.4L8 1.8l4.6 3.6V8M1.6 10.8{_WAVE}M1.6 14.2{_WAVE}",
    "disaster_zones-102": "M1.6 3v11.2h12.8zM8.4 3.6h.01M12.4 7.6h.01M12.8 2.8h.01",
    "disaster_zones-104": f"M1.6 4.4{_WAVE}M1.6 8.6{_WAVE}M1.6 12.8{_WAVE}",
    "disaster_zones-105": "M2 2.4h12M3.4 5.4h9.4M5 8.4h6.4M6.4 11.4h3.4M7.4 14.2H8",
    "disaster_zones-106": "M8 5.2a2.8 2.8 0 1 0 .01 0M8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4"
    "M3.2 3.2l1 1M11.8 11.8l1 1M3.2 12.8l1-1M11.8 4.2l1-1",
    "disaster_zones-107": "M8 1.4q.8 3.2 2.8 5.2t1.8 4.4A4.6 4.6 0 0 1 8 14.6 4.6 4.6 0 0 1 3.4 11"
    "Q3.2 8.6 5.4 6.4q.3 1.8 1.4 2.2Q6.4 4.6 8 1.4z",
    "disaster_zones-108": "M.8 8h3l1.6-5 2.4 10.6L10.2 5l1.4 3h3.6",
    "disaster_zones-109": "M1.4 12.4q3.4-1 3.4-5a4.4 4.4 0 0 1 7.8-2.6q-3.2-.2-3 2.6t5 4.8M1.4 14.8h13.2",
    "disaster_zones-111": "M1.4 14.2 6 7.2h4l4.6 7zM8 4.8V1.6M5.2 4.8 4 2.8M10.8 4.8 12 2.8",
    "disaster_zones-likuefaksi": "M1.4 11.2h13.2M4.2 14.2h7.6M8 1.6v6.6M4.8 5.2 8 8.4l3.2-3.2",
}
