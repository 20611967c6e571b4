// The map: MapLibre as the page has it.

import { againMake } from "./again.js";
import { tilesRenew } from "./live.js";
import { at, say, word } from "./start.js";

/** `place` says where the map begins, by `center` and `zoom` or by `bounds`. Tiles that do not arrive are told, and asked for again. */
export function mapMake(maplibregl, style, place) {
  const map = new maplibregl.Map({
    container: "map",
    style,
    ...place,
    // A tile that is out of sight is asked for again when it comes back: what changes meanwhile is told to none.
    maxTileCacheSize: 0,
    maxPitch: 0,
    dragRotate: false,
    attributionControl: { compact: true },
    canvasContextAttributes: { preserveDrawingBuffer: true }, // for paper
    transformRequest: (url) => ({ url, credentials: "omit" }),
    locale: {
      "GeolocateControl.FindMyLocation": word("threats_me"),
      "GeolocateControl.LocationNotAvailable": word("nowhere"),
      "Map.Title": word("map"),
      "NavigationControl.ZoomIn": word("zoom_in"),
      "NavigationControl.ZoomOut": word("zoom_out"),
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl(), "bottom-left");

  const again = againMake((source) => {
    if (at("said").textContent === word("holes")) say("");
    tilesRenew(map, source);
  });
  map.on("error", ({ sourceId, tile, error }) => {
    console.warn(error);
    if (!tile) return;
    say(word("holes"));
    again(sourceId);
  });
  map.on("dataloading", () => at("map").setAttribute("aria-busy", true));
  map.on("idle", () => at("map").setAttribute("aria-busy", false));
  return map;
}
