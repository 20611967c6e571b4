// What is shown, as a value and as the hash of the address:
// #map=ZOOM/LATITUDE/LONGITUDE&layers=ID,…&rasters=ID,…&area=CODE&ID.PROPERTY=CODE,…&item=ID/FEATURE,
// or &place=LATITUDE/LONGITUDE, or &drawn=LATITUDE/LONGITUDE,…

/**
 * `layers` are the collections switched on, all at first, and `rasters` the hazard rasters, none at first; `codes` names, for a collection and a property, the codes that are shown
 * where not all are (`first`, where the address says nothing); `area` is a code, `item` a collection and a feature's id, `place` a position,
 * `drawn` the corners of an area; each empty for none. No address holds `areaBounds`, the box around the area, and `selected`, the GeoJSON that is
 * marked on the map.
 * Places, layers and codes that there are not, as in a link from long ago, are left out.
 */
export function stateRead(layers, rasters, first) {
  const given = new URLSearchParams(location.hash.slice(1));
  const [zoom, latitude, longitude] = (given.get("map") ?? "").split("/").map(Number);
  const codes = given.size ? {} : structuredClone(first);
  for (const [name, value] of given) {
    const [id, property] = name.split(".");
    const known = layers.find((layer) => layer.id === id)?.legend.filter((entry) => entry.property === property) ?? [];
    const chosen = value.split(",").filter((code) => known.some((entry) => entry.code === code));
    if (chosen.length) (codes[id] ??= {})[property] = chosen;
  }
  const ids = layers.map((layer) => layer.id);
  return {
    view: [zoom, latitude, longitude].every(Number.isFinite) && Math.abs(latitude) <= 90 ? { zoom, center: [longitude, latitude] } : null,
    layers: new Set(given.has("layers") ? given.get("layers").split(",").filter((id) => ids.includes(id)) : ids),
    area: /^[\d.]+$/.test(given.get("area")) ? given.get("area") : "",
    rasters: new Set((given.get("rasters") ?? "").split(",").filter((id) => rasters.some((raster) => raster.id === id))),
    place: placeRead(given.get("place")),
    drawn: drawnRead(given.get("drawn")),
    item: ids.some((id) => given.get("item")?.startsWith(`${id}/`)) ? given.get("item") : "",
    codes,
  };
}

function placeRead(written) {
  const [lat, lng] = (written ?? "").split("/").map(parseFloat);
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lng, lat } : null;
}

function drawnRead(written) {
  const corners = (written ?? "").split(",").map(placeRead);
  return corners.length > 2 && corners.every(Boolean) ? corners.map(({ lng, lat }) => [lng, lat]) : null;
}

/** Write the state into the address, so that its link restores it, language and all. */
export function stateWrite(state, map, language) {
  const { lng, lat } = map.getCenter();
  const parts = [
    ["map", `${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`],
    ["layers", [...state.layers].join(",")],
    ["rasters", [...state.rasters].join(",")],
    ["area", state.area],
    ["item", state.item],
    ["drawn", state.drawn?.map(([lng, lat]) => `${lat}/${lng}`).join(",")],
    ["place", state.place && `${state.place.lat}/${state.place.lng}`],
    ...Object.entries(state.codes).flatMap(([layer, properties]) =>
      Object.entries(properties).map(([property, codes]) => [`${layer}.${property}`, codes.join(",")]),
    ),
  ];
  const written = parts.filter(([name, value]) => value || name === "layers");
  const hash = written.map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%2[CF]/g, decodeURIComponent)}`);
  history.replaceState(history.state, "", `?lang=${language}#${hash.join("&")}`);
}

const quoted = (code) => `'${code.replaceAll("'", "''")}'`;

function between({ property, minimum, maximum }) {
  const ends = [[">=", minimum], ["<", maximum]].filter(([, end]) => end !== null);
  return ends.map(([comparison, end]) => `${property}${comparison}${end}`).join(" AND ");
}

/** What tiles, counts and downloads of a layer are asked with (CQL2). */
export function stateFilter(state, layer) {
  const chosen = Object.entries(state.codes[layer.id] ?? {}).map(([property, codes]) => {
    const entries = layer.legend.filter((entry) => entry.property === property && codes.includes(entry.code));
    return "minimum" in entries[0] ? `(${entries.map(between).join(" OR ")})` : `${property} IN (${codes.map(quoted).join(",")})`;
  });
  if (state.area && layer.schema.area) {
    // A zone that reaches over several areas lies in none of them alone, and must not vanish: whatever may touch stays.
    const isPoint = layer.schema.geom.format === "geometry-point";
    if (isPoint) chosen.push(`area LIKE '${state.area}%'`);
    else if (state.areaBounds) chosen.push(`S_INTERSECTS(geom,BBOX(${state.areaBounds.join(",")}))`);
  }
  return chosen.join(" AND ");
}
