// One feature in the panel: its attributes in words, and how old each fact is.

import { reportLink } from "./impact.js";
import { button, panelShow } from "./panel.js";
import { address, element, fetchJson, word } from "./start.js";
import { age, isEmpty, shown } from "./values.js";

const HIDDEN = ["id", "geom"];

/**
 * Show a feature; resolves to it as GeoJSON. `others` are features at the same place, `{ layer, id, name }` each,
 * `pick(other)` shows one of them, `zoom(feature)` goes there, `ask` tells what threatens a point, or the `position`
 * where what was clicked is none. `signal` gives it up.
 */
export async function featureShow({ layer, id, others = [], areas, position, pick, zoom, ask, signal }) {
  const feature = await fetchJson(`/collections/${layer.id}/items/${encodeURIComponent(id)}`, {}, signal);
  const { properties } = feature;
  const facts = Object.entries(layer.schema)
    .filter(([name]) => !HIDDEN.includes(name) && name !== layer.titleField && !isEmpty(properties[name]))
    .map(([name, schema]) => [schema.title, name === "area" ? areaNamed(properties.area, areas) : shown(properties[name], schema)]);
  const here = address(`/collections/${layer.id}/items/${encodeURIComponent(id)}`, { f: "html" });
  const [lng, lat] = feature.geometry.type === "Point" ? feature.geometry.coordinates : [];
  const place = lng === undefined ? position : { lng, lat };
  panelShow({
    kind: layer.title,
    title: properties[layer.titleField] ?? id,
    told: properties.observed_at ? word("observed", { age: age(properties.observed_at) }) : word("observed_never"),
    facts,
    actions: [
      button(() => zoom(feature), word("zoom_to")),
      ...(place ? [button(() => ask(place), word("threats"))] : []),
      ...(layer.id === "disaster_zones" ? [reportLink({ zone: id })] : []),
      element("a", { href: here }, word("page")),
    ],
    others: alsoHere(others, pick),
  });
  return feature;
}

function alsoHere(others, pick) {
  if (!others.length) return [];
  const choices = others.map((other) => element("li", {}, button(() => pick(other), `${other.layer.title}: ${other.name}`)));
  return [element("h3", {}, word("also_here")), element("ul", { class: "plain" }, ...choices)];
}

function areaNamed(code, areas) {
  const name = areas.find((area) => area.code === code)?.name;
  return name ? `${name} (${code})` : code;
}
