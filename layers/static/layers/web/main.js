// The map page: what is there is asked of the API, what is shown is one state, and whatever changes it draws anew.

import { answersMake } from "./answers.js";
import { areaLocate, areasLoad } from "./areas.js";
import { backgroundLoad } from "./background.js";
import { drawingMake } from "./drawing.js";
import { gesturesListen } from "./gestures.js";
import { listMake, rastersList } from "./list.js";
import { liveListen, tilesRenew } from "./live.js";
import { mapMake } from "./map.js";
import { look, MARGIN } from "./panel.js";
import { searchMake } from "./search.js";
import { at, fetchDocument, fetchJson, say, start, turns, word } from "./start.js";
import { stateRead, stateWrite } from "./state.js";
import { styleMake } from "./style.js";
import { linkShow } from "./use.js";

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

async function begin() {
  const listed = fetchJson("/collections");
  const styled = fetchJson("/styles/map");
  const [maplibregl, layers, rasters, base, tileset, background, areas] = await Promise.all([
    import("../../vendor/maplibre-gl/dist/maplibre-gl.mjs"), // the largest part of the page by far
    listed.then(layersLoad),
    listed.then(rastersLoad),
    styled,
    styled.then(({ sources }) => fetchDocument(Object.values(sources)[0].url)),
    backgroundLoad(start.background),
    areasLoad(),
  ]);
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  const state = stateRead(layers, rasters, start.codes);
  at("area").value = state.area;
  state.area = at("area").value; // a link may name an area that is no more
  state.areaBounds = state.area && (await areaLocate(state.area));
  let isPrinted = false;

  const style = () => styleMake({ base, tileset, layers, rasters, background, state, dark: night.matches && !isPrinted });
  const widest = layers.map((layer) => layer.extent).sort(([w, , e], [west, , east]) => e - w - (east - west))[0];
  const map = mapMake(maplibregl, style(), state.view ?? { bounds: widest });
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

  const { show, threats, impact, reopen, asking, giveUp, hide } = answersMake(map, { layers: known, areas, state, draw });
  const drawing = drawingMake(map, at("drawing"), {
    shown(features) {
      giveUp();
      state.selected = { type: "FeatureCollection", features };
      draw();
    },
    done: impact,
  });
  gesturesListen(map, { layers: known, drawing, show, threats, giveUp });
  const here = new maplibregl.GeolocateControl({ positionOptions: { enableHighAccuracy: true, timeout: 20000 }, fitBoundsOptions: { maxZoom: 15, animate: false } });
  map.addControl(here, "top-right");
  let located; // the signal of who waits for the position, which may take a while
  at("map").addEventListener("click", ({ target }) => {
    if (!target.closest(".maplibregl-ctrl-geolocate")) return;
    if (drawing.isOn()) drawing.stop();
    located = asking();
  });
  here.on("geolocate", ({ coords }) => located.aborted || threats({ lng: coords.longitude, lat: coords.latitude }));
  here.on("error", () => located.aborted || say(word("nowhere")));
  map.on("moveend", remember);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || at("use").open) return;
    if (drawing.isOn()) drawing.stop();
    else hide();
  });
  at("draw").disabled = false;
  at("draw").addEventListener("click", () => {
    panelToggle(false);
    hide();
    drawing.begin();
  });
  at("share").addEventListener("click", ({ currentTarget }) => linkShow(currentTarget.textContent));
  at("print").addEventListener("click", () => print());
  const turn = turns();
  at("area").addEventListener("change", async ({ target: { value: area } }) => {
    const signal = turn();
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

  searchMake(at("search"), at("found"), layers, (layer, id) => {
    panelToggle(false);
    if (drawing.isOn()) drawing.stop();
    list.switchOn(layer.id);
    show({ layer, id }, { sight: look });
  });

  night.addEventListener("change", draw);
  for (const [event, printed] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      isPrinted = printed;
      map.setStyle(style());
      map.redraw();
    });
  }

  liveListen(layers, { live: at("live"), lost: at("lost") }, ({ layer, bbox }) => {
    if (!known.has(layer)) return;
    if (!map.areTilesLoaded()) map.once("idle", () => tilesRenew(map, layer, bbox)); // a tile on its way may be from before the change
    tilesRenew(map, layer, bbox);
    list.counts([layer]);
  });

  list.counts();
  remember();
  await reopen({ ...state, ...history.state?.panel });
}

function panelToggle(isOpen = at("panel-toggle").getAttribute("aria-expanded") !== "true") {
  at("panel-toggle").setAttribute("aria-expanded", isOpen);
}

for (const link of document.querySelectorAll(".languages a")) {
  link.addEventListener("click", () => (link.href = `?lang=${link.lang}${location.hash}`));
}
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // "#map" would take the place of the view in the page's address
  at("map").querySelector("canvas")?.focus();
});
at("panel-toggle").addEventListener("click", () => panelToggle());
begin().catch((error) => {
  console.warn(error);
  document.body.classList.add("broken");
  addEventListener("online", () => location.reload());
});
