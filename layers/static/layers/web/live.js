// Changes as they happen: the stream of events, and the tiles that a change touches.

import { now, start, word } from "./start.js";
import { dated } from "./values.js";

const BUFFER = 0.1; // tiles hold a little of their neighbours, and icons reach over edges
const CLOSED = 2;
const RETRY = 30000; // milliseconds
const SILENCE = 50000; // the server says every 20 seconds that it is there

/**
 * Listen to the changes of layers: `changed({ layer, bbox })`, where `bbox` is null for a change of everything.
 * The browser connects again by itself and names the last event it has seen. A server that refuses is asked again half a
 * minute later, or when the page is looked at anew; what was missed by then is told as a change of every layer. After any
 * absence those with a validity are told as changed, too: what began or ended by itself no event repeats.
 * `live` and `lost` are elements that tell which it is, and since when.
 */
export function liveListen(layers, { live, lost }, changed) {
  let hasListened = false;
  let silence;
  let stream = open();

  function open(isLate = false) {
    const opened = new EventSource(`${start.events}?collections=${layers.map((layer) => layer.id).join(",")}`);
    ["open", "alive", "change"].forEach((name) => opened.addEventListener(name, hear));
    hear();
    opened.addEventListener("open", () => {
      live.textContent = word("live");
      lost.textContent = "";
      const missed = layers.filter(({ hasValidity }) => isLate || (hasListened && hasValidity));
      missed.forEach(({ id }) => changed({ layer: id, bbox: null }));
      isLate = false;
      hasListened = true;
    });
    opened.addEventListener("change", (event) => changed(JSON.parse(event.data)));
    opened.addEventListener("error", () => {
      lose();
      if (opened.readyState === CLOSED) setTimeout(again, RETRY * (1 + Math.random())); // not all phones in the same second
    });
    return opened;
  }

  // A connection that a network lost without a word stays open for as long as nobody closes it.
  function hear() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      stream.close();
      lose();
      again();
    }, SILENCE);
  }

  function lose() {
    live.textContent = "";
    lost.textContent ||= word("live_lost", { time: dated(now()) });
  }

  function again() {
    if (stream.readyState === CLOSED && !document.hidden) stream = open(true);
  }
  addEventListener("offline", () => {
    stream.close();
    lose();
  });
  document.addEventListener("visibilitychange", again);
  addEventListener("online", again);
}

/**
 * Load the tiles anew that show a part of `bbox` (west, south, east, north), or all of a source.
 * Tiles are named: of a whole source the library would wait forever for those whose first load failed.
 */
export function tilesRenew(map, source, bbox) {
  const view = map.getBounds().toArray().flat();
  const zoom = Math.ceil(map.getZoom()) + 1; // images have the tiles of the next zoom
  if (map.getSource(source)) map.refreshTiles(source, tilesTouched(bbox ?? view, view, zoom));
}

// The tiles of `bbox` among those that `view` shows at `zoom` or coarser. They reach over the view's edge, so the two are compared as tiles.
function tilesTouched(bbox, view, zoom) {
  return Array.from({ length: zoom + 1 }, (_, z) => {
    const [left, top, right, bottom] = range(bbox, z, BUFFER);
    const [first, upper, last, lower] = range(view, z, 0);
    const rows = whole(Math.max(top, upper), Math.min(bottom, lower));
    return whole(Math.max(left, first), Math.min(right, last)).flatMap((x) => rows.map((y) => ({ x, y, z })));
  }).flat();
}

// First column, first row, last column and last row.
function range([west, south, east, north], z, buffer) {
  const [low, high] = [(at) => Math.floor(at * 2 ** z - buffer), (at) => Math.floor(at * 2 ** z + buffer)];
  return [low(mercatorX(west)), low(mercatorY(north)), high(mercatorX(east)), high(mercatorY(south))];
}

const whole = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
const mercatorX = (longitude) => (longitude + 180) / 360;
const mercatorY = (latitude) => 0.5 - Math.asinh(Math.tan((latitude * Math.PI) / 180)) / (2 * Math.PI);
