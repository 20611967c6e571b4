// The panel that shows one feature: its attributes in words, and how old each fact is.

import { address, element, fetchJson, word } from "./start.js";
import { age, isEmpty, shown } from "./values.js";

const panel = document.getElementById("feature");
const HIDDEN = ["id", "geom"];

/**
 * Show a feature; resolves to it as GeoJSON. `others` are features at the same place, `{ layer, id, name }` each,
 * `pick(other)` shows one of them, `zoom(feature)` goes there.
 */
export async function featureShow({ layer, id, others = [], areas, pick, zoom }) {
  const feature = await fetchJson(`/collections/${layer.id}/items/${encodeURIComponent(id)}`);
  const { properties } = feature;
  const rows = Object.entries(layer.schema)
    .filter(([name]) => !HIDDEN.includes(name) && name !== layer.titleField && !isEmpty(properties[name]))
    .flatMap(([name, schema]) => [
      element("dt", {}, schema.title),
      element("dd", {}, name === "area" ? areaNamed(properties.area, areas) : shown(properties[name], schema)),
    ]);
  const here = address(`/collections/${layer.id}/items/${encodeURIComponent(id)}`, { f: "html" });
  panel.querySelector(".kind").textContent = layer.title;
  panel.querySelector("h2").textContent = properties[layer.titleField] ?? id;
  panel.querySelector(".observed").textContent = properties.observed_at
    ? word("observed", { age: age(properties.observed_at) })
    : word("observed_never");
  panel.querySelector("dl").replaceChildren(...rows);
  panel.querySelector(".actions").replaceChildren(
    element("button", { type: "button", class: "quiet", onclick: () => zoom(feature) }, word("zoom_to")),
    element("a", { href: here }, word("page")),
  );
  panel.querySelector(".others").replaceChildren(...alsoHere(others, pick));
  panel.hidden = false;
  panel.querySelector(".body").scrollTop = 0;
  panel.querySelector("h2").focus();
  return feature;
}

export function featureHide() {
  panel.hidden = true;
}

function alsoHere(others, pick) {
  if (!others.length) return [];
  const choices = others.map((other) =>
    element("li", {}, element("button", { type: "button", class: "quiet", onclick: () => pick(other) }, `${other.layer.title}: ${other.name}`)),
  );
  return [element("h3", {}, word("also_here")), element("ul", { class: "plain" }, ...choices)];
}

function areaNamed(code, areas) {
  const name = areas.find((area) => area.code === code)?.name;
  return name ? `${name} (${code})` : code;
}
