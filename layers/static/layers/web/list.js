// The list of layers: switch, count, legend that filters, downloads.

import { againMake } from "./again.js";
import { address, element, fetchJson, shownNow, start, turns, word } from "./start.js";
import { stateFilter } from "./state.js";
import { useShow } from "./use.js";
import { grouped } from "./values.js";

// Formats that hold all that matches: of GeoJSON that is the text sequence, for its pages end.
const DOWNLOADS = { CSV: "csv", "GeoJSON-Seq": "geojsonseq", GeoPackage: "gpkg" };

/**
 * Fill the list. `state` is changed in place, then `change()` is called.
 * Answers with `counts(only)`, which asks for the counts anew and renews what links to filtered data.
 */
export function listMake(place, layers, state, change) {
  const missing = againMake((id) => rows.get(id).renew());
  const rows = new Map(layers.map((layer) => [layer.id, rowMake(layer, state, change, missing)]));
  place.replaceChildren(...[...rows.values()].map((row) => row.element));
  return {
    counts: (only = rows.keys()) => {
      for (const id of only) rows.get(id).renew();
    },
    switchOn: (id) => rows.get(id).switchOn(),
  };
}

function rowMake(layer, state, change, missing) {
  const count = element("output", { class: "count" }, "…");
  const box = element("input", { type: "checkbox", role: "switch", checked: state.layers.has(layer.id), onchange: toggle });
  const downloads = element("p", { class: "downloads" });
  const legend = legendMake(layer, state, (isEmptied) => {
    if (isEmptied) box.checked = false;
    toggle();
  });
  const turn = turns();
  let filter;

  function toggle() {
    if (box.checked) state.layers.add(layer.id);
    else state.layers.delete(layer.id);
    change();
  }

  async function renew() {
    filter = stateFilter(state, layer);
    const signal = turn();
    downloads.replaceChildren(`${word("download")}: `, ...Object.entries(DOWNLOADS).map(download));
    try {
      const asked = { limit: 1, skipGeometry: true, properties: layer.titleField, filter, ...shownNow(layer) };
      const { numberMatched } = await fetchJson(`/collections/${layer.id}/items`, asked, signal);
      count.value = numberMatched === undefined ? uncounted() : grouped(numberMatched);
    } catch (error) {
      if (error.name === "AbortError") return;
      count.value = "?";
      missing(layer.id);
    }
  }

  // Of a choice too many match; a whole layer changed while it was counted, which an event will tell.
  const uncounted = () => (filter || layer.hasValidity ? `> ${grouped(start.counted)}` : "?");

  const download = ([name, f]) =>
    element("a", { href: address(`/collections/${layer.id}/items`, { f, filter }), download: `${layer.id}.${f}` }, name);
  const use = element("button", { type: "button", class: "quiet", onclick: () => useShow(layer, filter) }, word("use"));
  const image = layer.legend[0] && element("img", { src: layer.legend[0].image, alt: "", width: 28, height: 28 });
  return {
    renew,
    switchOn: () => box.checked || box.click(),
    element: element(
      "li",
      { "data-layer": layer.id },
      element("label", { class: "switch" }, box, image, element("span", {}, layer.title), count),
      element(
        "details",
        {},
        element("summary", {}, word("legend")),
        element("p", { class: "about" }, layer.description),
        ...legend,
        element("div", { class: "layer-actions" }, downloads, use),
      ),
    ),
  };
}

/** Fill the list of hazard rasters: switch, legend, page. `state` is changed in place, then `change()` is called. */
export function rastersList(place, rasters, state, change) {
  place.hidden = !rasters.length;
  place.querySelector("ul").replaceChildren(...rasters.map((raster) => rasterRow(raster, state.rasters, change)));
}

function rasterRow({ id, title, description, tileset }, shown, change) {
  const toggle = ({ currentTarget }) => {
    if (currentTarget.checked) shown.add(id);
    else shown.delete(id);
    change();
  };
  const box = element("input", { type: "checkbox", role: "switch", checked: shown.has(id), onchange: toggle });
  const classes = tileset.legend.entries.filter(({ image }) => image);
  const labels = classes.map(({ image, label, minimum, maximum }) =>
    element("p", { class: "sample" }, element("img", { src: image, alt: "" }), element("span", {}, `${label}: ${between(minimum, maximum)}`)),
  );
  return element(
    "li",
    { "data-raster": id },
    element("label", { class: "switch" }, box, element("span", {}, title)),
    element(
      "details",
      {},
      element("summary", {}, word("classes")),
      element("p", { class: "about" }, description),
      element("p", { class: "about" }, `${tileset.legend.quantity_label} (${tileset.legend.unit})`),
      ...labels,
      element("p", { class: "about" }, tileset.legend.unmapped),
      element("p", { class: "layer-actions" }, element("a", { href: address(`/collections/${id}`, { f: "html" }) }, word("page_raster"))),
    ),
  );
}

function between(minimum, maximum) {
  if (minimum === null) return `< ${grouped(maximum)}`;
  return maximum === null ? `≥ ${grouped(minimum)}` : `${grouped(minimum)} – ${grouped(maximum)}`;
}

// One group of boxes for each property that the layer is drawn by. Without any box the layer is switched off, and the
// group begins anew.
function legendMake(layer, state, changed) {
  const properties = [...new Set(layer.legend.map((entry) => entry.property))];
  return properties.map((property) => {
    const entries = layer.legend.filter((entry) => entry.property === property);
    const chosen = state.codes[layer.id]?.[property];
    const boxes = entries.map(({ code }) =>
      element("input", { type: "checkbox", value: code, checked: chosen?.includes(code) ?? true, onchange: choose }),
    );

    function choose() {
      const codes = boxes.filter((box) => box.checked).map((box) => box.value);
      const isWhole = codes.length === boxes.length || !codes.length;
      const known = (state.codes[layer.id] ??= {});
      if (isWhole) delete known[property];
      else known[property] = codes;
      if (!codes.length) boxes.forEach((box) => (box.checked = true));
      changed(!codes.length);
    }

    const labels = entries.map(({ label, image }, index) =>
      element("label", {}, boxes[index], element("img", { src: image, alt: "", loading: "lazy" }), element("span", {}, label)),
    );
    return element("fieldset", { class: "legend" }, element("legend", {}, entries[0].property_title), ...labels);
  });
}
