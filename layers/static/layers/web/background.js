// The operator's background map as sources and layers of a style; without one the administrative areas are it.

import { fetchDocument } from "./start.js";

const SOURCE = "background";
const QUIET = { fill: { "fill-color": "#dfe5df" }, line: { "line-color": "#b3bdb6", "line-width": 0.8 } };

/**
 * `address` is an XYZ template of images, or the address of a MapLibre style, a TileJSON or a PMTiles archive.
 * Where it cannot be had, the map does without.
 */
export async function backgroundLoad({ address, attribution }) {
  const none = { sources: {}, layers: [] };
  if (!address) return none;
  if (address.includes("{z}")) return images({ tiles: [address], attribution });
  try {
    if (address.endsWith(".pmtiles")) return await archive(address, attribution);
    const document = await fetchDocument(address);
    const source = { ...document, attribution: attribution || document.attribution };
    return document.layers ? style(document) : document.vector_layers ? plain(source) : images(source);
  } catch (error) {
    console.warn(`${address}: ${error.message}`);
    return none;
  }
}

async function archive(address, attribution) {
  await new Promise((loaded, failed) => {
    const library = new URL("../../vendor/pmtiles/dist/pmtiles.js", import.meta.url);
    document.head.append(Object.assign(document.createElement("script"), { src: library, onload: loaded, onerror: failed }));
  });
  const { PMTiles, Protocol, TileType } = globalThis.pmtiles;
  const { addProtocol } = await import("../../vendor/maplibre-gl/dist/maplibre-gl.mjs");
  addProtocol("pmtiles", new Protocol().tile);
  const url = new URL(address, location.href).href;
  const found = new PMTiles(url);
  const [header, metadata] = await Promise.all([found.getHeader(), found.getMetadata()]);
  const source = {
    tiles: [`pmtiles://${url}/{z}/{x}/{y}`],
    minzoom: header.minZoom,
    maxzoom: header.maxZoom,
    bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
    attribution: attribution || metadata.attribution,
  };
  return header.tileType === TileType.Mvt ? plain({ ...source, vector_layers: metadata.vector_layers }) : images(source);
}

function images({ tiles, tileSize = 256, attribution, minzoom, maxzoom, bounds }) {
  const known = Object.entries({ tiles, tileSize, attribution, minzoom, maxzoom, bounds }).filter(([, value]) => value);
  return {
    sources: { [SOURCE]: { type: "raster", ...Object.fromEntries(known) } },
    layers: [{ id: SOURCE, type: "raster", source: SOURCE }],
  };
}

// Vector tiles without a style: their areas and lines, in quiet colours.
function plain({ tiles, attribution, minzoom, maxzoom, bounds, vector_layers }) {
  const known = Object.entries({ tiles, attribution, minzoom, maxzoom, bounds }).filter(([, value]) => value);
  const shapes = { fill: "Polygon", line: "LineString" };
  return {
    sources: { [SOURCE]: { type: "vector", ...Object.fromEntries(known) } },
    layers: Object.entries(QUIET).flatMap(([type, paint]) =>
      vector_layers.map(({ id }) => ({
        ...{ id: `${SOURCE}-${id}-${type}`, type, source: SOURCE, "source-layer": id, paint },
        filter: ["==", ["geometry-type"], shapes[type]],
      })),
    ),
  };
}

// A style without its words and icons: two styles cannot share sprite and fonts, and ours name the places.
function style({ sources, layers }) {
  const drawn = layers.filter(({ type, paint = {} }) => type !== "symbol" && !Object.keys(paint).some((key) => key.endsWith("-pattern")));
  const named = (name) => `${SOURCE}-${name}`;
  return {
    sources: Object.fromEntries(Object.entries(sources).map(([name, source]) => [named(name), source])),
    layers: drawn.map((layer) => ({ ...layer, id: named(layer.id), ...(layer.source && { source: named(layer.source) }) })),
  };
}
