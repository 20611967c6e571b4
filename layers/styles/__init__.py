"""How the layers are drawn: one table of symbols, and what is made of it.

    symbols, glyphs  ─►  images  ─►  sprite/ (script/sprite)
          │                │
          └─► legend ◄─────┘
          └─► maplibre, sld  ─►  ogc

Codes and their words come from the models. A layer or code that no table names is drawn by :data:`symbols.OTHER`.
"""
