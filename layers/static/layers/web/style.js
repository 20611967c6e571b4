// The style of the page: that of the API with a source for each layer, so that each is loaded, filtered and
// refreshed by itself, with the background below it and what was clicked above it.

import { address } from "./start.js";
import { stateFilter } from "./state.js";

const SELECTED = "selected";
const LAND = "administrative_areas-fill";
const NIGHT = {
  background: { "background-color": "#0f191d" },
  [LAND]: { "fill-color": "#22302a" },
};
const NIGHT_TEXT = { "text-color": "#e5edea", "text-halo-color": "#10181a" };
const NIGHT_LINE = { "line-color": "#7d938a" };
const NIGHT_ZONE = { "fill-opacity": 0.25 };

/**
 * A style for MapLibre. `base` is the API's, `tileset` its TileJSON, `background` has sources and layers, `rasters` lie on the land.
 */
export function styleMake({ base, tileset, layers, rasters, background, state, dark }) {
  const sources = Object.fromEntries(layers.map((layer) => [layer.id, source(layer, tileset, stateFilter(state, layer))]));
  const hidden = background.layers.length ? ["background", LAND] : [];
  const drawn = base.layers.filter((layer) => !hidden.includes(layer.id)).map((layer) => placed(layer, state, dark));
  const shown = rasters.filter(({ id }) => state.rasters.has(id));
  drawn.splice(drawn.findIndex(({ id }) => id === LAND) + 1, 0, ...shown.map(({ id }) => rasterDrawn(id, dark)));
  const ground = background.layers.length ? background.layers : [drawn.shift()];
  return {
    ...base,
    sources: { ...sources, ...Object.fromEntries(shown.map(rasterSource)), ...background.sources, [SELECTED]: { type: "geojson", data: state.selected ?? empty } },
    layers: [...ground, ...drawn, ...highlight(dark)],
    transition: { duration: 0 },
  };
}

const empty = { type: "FeatureCollection", features: [] };

function source(layer, tileset, filter) {
  const tiles = address(`/collections/${layer.id}/tiles/WebMercatorQuad/{z}/{y}/{x}`, { labels: true, filter });
  return { type: "vector", tiles: [tiles], bounds: layer.extent, minzoom: tileset.minzoom, maxzoom: tileset.maxzoom };
}

function rasterSource({ id, tileset: { tiles, bounds, minzoom, maxzoom, attribution } }) {
  return [`raster-${id}`, { type: "raster", tileSize: 256, tiles, bounds, minzoom, maxzoom, attribution }];
}

function rasterDrawn(id, dark) {
  const paint = { "raster-opacity": dark ? 0.4 : 0.9, "raster-resampling": "nearest", "raster-fade-duration": 0 };
  return { id: `raster-${id}`, type: "raster", source: `raster-${id}`, paint };
}

function placed(layer, state, dark) {
  const id = layer["source-layer"]?.replace(/-labels$/, ""); // points for labels come in their layer's tiles
  if (!id) return dark ? { ...layer, paint: { ...layer.paint, ...NIGHT[layer.id] } } : layer;
  const layout = { ...layer.layout, visibility: state.layers.has(id) ? "visible" : "none" };
  return { ...layer, source: id, layout, paint: { ...layer.paint, ...(dark && night(layer)) } };
}

function night({ id, type, "source-layer": collection }) {
  if (type === "symbol" && !id.endsWith("-count")) return NIGHT_TEXT;
  if (collection !== "disaster_zones" && type === "line") return NIGHT_LINE;
  if (type === "fill") return NIGHT[id] ?? NIGHT_ZONE;
  return {};
}

function highlight(dark) {
  const colour = dark ? "#f2c14e" : "#b45309";
  const common = { source: SELECTED };
  const ring = { "circle-radius": 17, "circle-opacity": 0 };
  const rim = { "circle-stroke-color": colour, "circle-stroke-width": 3.5 };
  const onPoint = ["==", ["geometry-type"], "Point"];
  const onCorner = ["has", "corner"];
  return [
    { ...common, id: "selected-line", type: "line", filter: ["!", onPoint], paint: { "line-color": colour, "line-width": 3.5 } },
    { ...common, id: "selected-ring", type: "circle", filter: ["all", onPoint, ["!", onCorner]], paint: { ...ring, ...rim } },
    { ...common, id: "selected-corner", type: "circle", filter: onCorner, paint: { "circle-radius": 5, "circle-color": "#fff", ...rim } },
  ];
}
