// The map page: what is there is asked of the API, what is shown is one state, and whatever changes it draws anew.

import { againMake } from "./again.js";
import { areaLocate, areasLoad } from "./areas.js";
import { backgroundLoad } from "./background.js";
import { drawingMake } from "./drawing.js";
import { featureShow } from "./feature.js";
import { impactShow } from "./impact.js";
import { listMake, rastersList } from "./list.js";
import { liveListen, tilesTouched } from "./live.js";
import { panelHide } from "./panel.js";
import { placeShow } from "./place.js";
import { searchMake } from "./search.js";
import { bounds, fetchDocument, fetchJson, start, turns, word } from "./start.js";
import { stateRead, stateWrite } from "./state.js";
import { styleMake } from "./style.js";
import { linkShow } from "./use.js";

const REACH = 6; // pixels around a click
const MARK = 20; // pixels around the middle of a mark
const NEAREST = 16; // the zoom at which a point is looked at
const OTHERS = 8;
const MARGIN = 50;

const at = (id) => document.getElementById(id);
const night = matchMedia("(prefers-color-scheme: dark)");

/** The collections of features with what the page needs of each: extent, schema, title and legend. */
async function layersLoad({ collections }) {
  const load = async ({ id, title, description, extent }) => {
    const [schema, legend] = await Promise.all([
      fetchJson(`/collections/${id}/schema`),
      fetchJson(`/styles/${id}/legend`),
    ]);
    const titleField = "name" in schema.properties ? "name" : "id";
    const hasValidity = Object.values(schema.properties).some((property) => property["x-ogc-role"] === "primary-interval-end");
    return { id, title, description, extent: extent.spatial.bbox[0], schema: schema.properties, legend: legend.entries, titleField, hasValidity };
  };
  return Promise.all(collections.filter(({ itemType }) => itemType === "feature").map(load));
}

/** The hazard rasters that have classes to draw, with the TileJSON of their pictures, which holds their legend. */
async function rastersLoad({ collections }) {
  const load = async ({ id, title, description, links }) => {
    const tiles = links.find(({ rel }) => rel.endsWith("/tilesets-map"));
    // One that is gone meanwhile must not stop the map.
    const tileset = tiles && (await fetchDocument(`${tiles.href}?lang=${start.language}`).catch(() => null));
    return tileset && { id, title, description, tileset };
  };
  return (await Promise.all(collections.map(load))).filter(Boolean);
}

// What there is to say; that something is awaited (`isLate`) only after a moment in which most answers come.
function say(text, isLate = false) {
  at("said").textContent = text;
  at("said").hidden = !text;
  at("said").classList.toggle("late", isLate);
}

async function begin() {
  const listed = fetchJson("/collections");
  const [maplibregl, layers, rasters, base, background, areas] = await Promise.all([
    import("../../vendor/maplibre-gl/dist/maplibre-gl.mjs"), // the largest part of the page by far
    listed.then(layersLoad),
    listed.then(rastersLoad),
    fetchJson("/styles/map"),
    backgroundLoad(start.background),
    areasLoad(),
  ]);
  const tileset = await fetchDocument(Object.values(base.sources)[0].url);
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  const state = stateRead(layers, rasters, start.codes);
  at("area").value = state.area;
  state.area = at("area").value; // a link may name an area that is no more
  state.areaBounds = state.area && (await areaLocate(state.area));
  let selected = null;
  let isPrinted = false;

  const style = () => styleMake({ base, tileset, layers, rasters, background, state, selected, dark: night.matches && !isPrinted });

  const map = new maplibregl.Map({
    container: "map",
    style: style(),
    ...(state.view ?? { bounds: layers.map((layer) => layer.extent).sort(([w, , e], [west, , east]) => e - w - (east - west))[0] }),
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

  // Tiles are named: of a whole source the library would wait forever for those whose first load failed.
  function renew(source, bbox) {
    const view = map.getBounds().toArray().flat();
    const zoom = Math.ceil(map.getZoom()) + 1; // images have the tiles of the next zoom
    if (map.getSource(source)) map.refreshTiles(source, tilesTouched(bbox ?? view, view, zoom));
  }

  const tilesAgain = againMake((source) => {
    if (at("said").textContent === word("holes")) say("");
    renew(source);
  });
  map.on("error", ({ sourceId, tile, error }) => {
    console.warn(error);
    if (!tile) return;
    say(word("holes"));
    tilesAgain(sourceId);
  });
  map.on("dataloading", () => at("map").setAttribute("aria-busy", true));
  map.on("idle", () => at("map").setAttribute("aria-busy", false));
  say("");

  const list = listMake(at("layers"), layers, state, changed);
  rastersList(at("rasters"), rasters, state, draw);
  const remember = () => stateWrite(state, map, start.language);

  function draw() {
    map.setStyle(style());
    remember();
  }

  function changed() {
    draw();
    list.counts();
  }

  // The feature's panel lies over the map's side or, on a phone, over its lower part.
  function look(geometry, nearest = Math.max(NEAREST, map.getZoom())) {
    const { width, height } = at("feature").getBoundingClientRect();
    const covered = width < map.getCanvas().clientWidth ? { right: width } : { bottom: height };
    const padding = { top: 0, right: 0, bottom: 0, left: 0, ...covered };
    for (const side of Object.keys(padding)) padding[side] += MARGIN;
    map.fitBounds(bounds(geometry), { padding, maxZoom: nearest });
  }

  function uncover(geometry) {
    const [corners, mark] = geometry.type === "Point" ? [[geometry.coordinates], MARK] : [geometry.coordinates[0], 0];
    const { left, top } = map.getCanvas().getBoundingClientRect();
    const isCovered = (corner) => {
      const { x, y } = map.project(corner);
      const isUnder = (beside) => at("feature").contains(document.elementFromPoint(left + x + beside, top + y + beside));
      return isUnder(-mark) || isUnder(mark);
    };
    if (corners.some(isCovered)) look(geometry, map.getZoom());
  }

  // The panel shows what was asked last: whoever asks takes a turn, and what gives the panel up takes one, too.
  const turn = turns();

  function giveUp() {
    turn();
    say("");
  }

  // Resolves to what `answer(signal)` does, or to nothing where that failed, which is told.
  async function ask(answer) {
    const signal = turn();
    say(word("asking"), true);
    try {
      const answered = await answer(signal);
      say("");
      return answered;
    } catch (error) {
      if (error.name !== "AbortError") say(word("failed", { why: error.message }));
    }
  }

  // What the panel shows is one of these, or nothing. An open panel is an entry of the history: going back closes it.
  function remembered({ item = "", place = null, drawn = null }) {
    if ((item || place || drawn) && !history.state?.panel) history.pushState({ panel: true }, "");
    Object.assign(state, { item, place, drawn });
    draw();
  }

  // `position` is where the feature was clicked.
  const show = (layer, id, others = [], position = undefined) =>
    ask(async (signal) => {
      const pick = (other) =>
        other.place ? threats(other.place) : reveal(other, [...others.filter((one) => one !== other), { layer, id, name }], position);
      const zoom = (feature) => look(feature.geometry);
      selected = await featureShow({ layer, id, others, areas, position, pick, zoom, ask: threats, signal });
      const name = selected.properties[layer.titleField];
      remembered({ item: `${layer.id}/${id}` });
      return selected;
    });

  async function reveal({ layer, id }, others = [], position = undefined) {
    const feature = await show(layer, id, others, position);
    if (feature?.geometry.type === "Point") uncover(feature.geometry);
  }

  function threats({ lng, lat }) {
    const place = { lng: Number(lng.toFixed(6)), lat: Number(lat.toFixed(6)) };
    const geometry = { type: "Point", coordinates: [place.lng, place.lat] };
    return ask(async (signal) => {
      const back = { layer: { title: word("threats_kind") }, name: `${place.lat}, ${place.lng}`, place };
      await placeShow(place, { layers: known, pick: (feature) => reveal(feature, [back]), zoom: () => look(geometry), signal });
      selected = { type: "Feature", properties: {}, geometry };
      remembered({ place });
      uncover(geometry);
    });
  }

  // Resolves to whether the corners make an area that can be asked about, and it is shown.
  function impact(drawn) {
    const geometry = { type: "Polygon", coordinates: [[...drawn, drawn[0]]] };
    return ask(async (signal) => {
      await impactShow(geometry, { layers, zoom: () => look(geometry), signal });
      selected = { type: "Feature", properties: {}, geometry };
      remembered({ drawn });
      uncover(geometry);
      return true;
    });
  }

  // What the address says that the panel shows.
  function reopen() {
    const { item, place, drawn } = stateRead(layers, rasters, start.codes);
    const [layer, id] = item.split("/");
    return item ? reveal({ layer: known.get(layer), id }) : place ? threats(place) : drawn && impact(drawn);
  }

  function hide() {
    close();
    if (history.state?.panel) history.back();
  }

  function close() {
    giveUp();
    panelHide();
    selected = null;
    remembered({});
    map.getCanvas().focus();
  }

  // Icons before areas, and each feature once, however many tiles and style layers it is drawn by.
  function featuresAt({ x, y }) {
    const drawn = map.queryRenderedFeatures([[x - REACH, y - REACH], [x + REACH, y + REACH]]);
    const found = new Map();
    for (const { id, source, properties, geometry } of drawn.filter((one) => known.has(one.source))) {
      const name = properties[known.get(source).titleField] ?? id;
      found.set(`${source}/${id ?? JSON.stringify(geometry)}`, { layer: known.get(source), id, name, properties, geometry });
    }
    const isBoundary = ({ layer }) => layer.id === "administrative_areas";
    return [...found.values()].sort((one, other) => isBoundary(one) - isBoundary(other));
  }

  const isCluster = ({ id }) => id === undefined;

  function identify(point) {
    const found = featuresAt(point);
    const first = found[0];
    if (!first) return false;
    if (isCluster(first)) {
      say(word("cluster", { n: first.properties.point_count }));
      map.easeTo({ center: first.geometry.coordinates, zoom: map.getZoom() + 2 });
    } else {
      const others = found.slice(1, OTHERS).filter((other) => !isCluster(other));
      reveal(first, others, map.unproject(point));
    }
    return true;
  }

  const drawing = drawingMake(map, at("drawing"), {
    shown(features) {
      giveUp();
      selected = { type: "FeatureCollection", features };
      draw();
    },
    done: impact,
  });
  map.on("click", ({ point, lngLat, originalEvent }) => {
    if (originalEvent.detail > 1) return; // the first click of a double click was meant
    say("");
    if (drawing.isOn()) drawing.add(lngLat.wrap());
    else identify(point);
  });
  const here = new maplibregl.GeolocateControl({ positionOptions: { enableHighAccuracy: true, timeout: 20000 }, fitBoundsOptions: { maxZoom: 15, animate: false } });
  map.addControl(here, "top-right");
  here.on("geolocate", ({ coords }) => threats({ lng: coords.longitude, lat: coords.latitude }));
  here.on("error", () => say(word("nowhere")));
  map.on("contextmenu", ({ lngLat, originalEvent }) => {
    originalEvent.preventDefault(); // a right click, or a long touch, asks
    if (drawing.isOn()) return;
    say("");
    threats(lngLat.wrap());
  });
  map.on("mousemove", ({ point }) => {
    map.getCanvas().style.cursor = featuresAt(point).length ? "pointer" : "";
  });
  map.on("moveend", remember);
  map.getCanvas().addEventListener("keydown", (event) => {
    const { clientWidth, clientHeight } = map.getCanvas();
    if (drawing.isOn()) {
      if (event.key === "Enter") drawing.add(map.getCenter().wrap());
      if (event.key === "Backspace") drawing.undo();
    } else if (event.key === "Enter") say(identify({ x: clientWidth / 2, y: clientHeight / 2 }) ? "" : word("nothing_here"));
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || at("use").open) return;
    if (drawing.isOn()) drawing.stop();
    else if (!at("feature").hidden) hide();
  });
  at("draw").disabled = false;
  at("draw").addEventListener("click", () => {
    panelToggle(false);
    hide();
    drawing.begin();
  });
  at("feature").querySelector(".close").addEventListener("click", hide);
  at("share").addEventListener("click", ({ currentTarget }) => linkShow(currentTarget.textContent));
  at("print").addEventListener("click", () => print());
  const areaTurn = turns();
  at("area").addEventListener("change", async ({ target: { value: area } }) => {
    const signal = areaTurn();
    try {
      const areaBounds = area && (await areaLocate(area, signal));
      Object.assign(state, { area, areaBounds });
      if (areaBounds) map.fitBounds(areaBounds, { padding: MARGIN });
      changed();
    } catch (error) {
      if (error.name === "AbortError") return;
      at("area").value = state.area;
      say(word("failed", { why: error.message }));
    }
  });

  searchMake(at("search"), at("found"), layers, async (layer, id) => {
    panelToggle(false);
    if (drawing.isOn()) drawing.stop();
    list.switchOn(layer.id);
    const feature = await show(layer, id);
    if (feature) look(feature.geometry);
  });

  night.addEventListener("change", draw);
  for (const [event, printed] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      isPrinted = printed;
      map.setStyle(style());
      map.redraw();
    });
  }
  // Without a state of ours it is another view in the address of the same page, as when a link is pasted.
  addEventListener("popstate", ({ state: entry }) => {
    if (!entry) location.reload();
    else if (entry.panel) reopen();
    else if (at("feature").hidden) remember();
    else close();
  });

  liveListen(layers, { live: at("live"), lost: at("lost") }, ({ layer, bbox }) => {
    if (!known.has(layer)) return;
    if (!map.areTilesLoaded()) map.once("idle", () => renew(layer, bbox)); // a tile on its way may be from before the change
    renew(layer, bbox);
    list.counts([layer]);
  });

  list.counts();
  remember();
  await reopen();
}

function panelToggle(isOpen = at("panel-toggle").getAttribute("aria-expanded") !== "true") {
  at("panel-toggle").setAttribute("aria-expanded", isOpen);
}

function languagesKeepView() {
  for (const link of document.querySelectorAll(".languages a")) {
    link.addEventListener("click", () => (link.href = `?lang=${link.lang}${location.hash}`));
  }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // "#map" would take the place of the view in the page's address
  at("map").querySelector("canvas")?.focus();
});
at("panel-toggle").addEventListener("click", () => panelToggle());
languagesKeepView();
begin().catch((error) => {
  console.warn(error);
  document.body.classList.add("broken");
  addEventListener("online", () => location.reload());
});
