// What threatens a place, and where to go from there: the answer of /api/v1/hazards/at in words.

import { button, details, group, list, panelShow } from "./panel.js";
import { element, feature, fetchDocument, question, word } from "./start.js";
import { age, dated, distance, grouped, isEmpty, towards } from "./values.js";

/**
 * Show what threatens a position in degrees; resolves to it as GeoJSON. `layers` are the collections by id, `pick({ layer, id })` shows a feature of the answer,
 * `zoom(position)` goes there, `signal` gives it up.
 */
export async function placeShow({ lng, lat }, { layers, pick, zoom, signal }) {
  const position = feature("Point", [lng, lat]);
  const asked = question("at", { lon: lng, lat });
  const found = await fetchDocument(asked, signal);
  const listed = (layer, rows, row) => rows.map((one) => button(() => pick({ layer: layers.get(layer), id: one.id }), ...row(one)));
  const zones = listed("disaster_zones", found.zones, (zone) => zoneTold(zone, layers.get("disaster_zones")));
  const places = (layer) => [
    list(listed(layer, found[layer].nearest, placeTold), word("places_none")),
    found[layer].left_out > 0 && element("p", { class: "about" }, word("left_out", { n: grouped(found[layer].left_out) })),
    list(listed(layer, found[layer].left_out_nearest, placeTold)),
  ];
  const rasters = found.rasters.map(rasterTold);
  panelShow({
    kind: word("threats_kind"),
    title: found.areas.at(-1)?.name ?? word("not_mapped"),
    told: `${word("position", { lat: found.lat, lon: found.lon })} · ${word("as_at", { time: dated(found.computed_at) })}`,
    facts: [
      [layers.get("disaster_zones").title, group(list(zones, word("zones_none")))],
      ...(rasters.length ? [[word("rasters"), group(list(rasters))]] : []),
      [word("aid_posts"), group(...places("aid_posts"))],
      [word("health_facilities"), group(...places("health_facilities"))],
    ],
    actions: [button(() => zoom(position), word("zoom_to")), element("a", { href: asked }, "JSON")],
    others: [element("p", { class: "about" }, found.note)],
  });
  return position;
}

function zoneTold({ hazard, level, name, kind, observed_at, valid_to }, layer) {
  const image = layer.legend.find((entry) => entry.property === "level" && entry.code === level?.code)?.image;
  return [
    image && element("img", { src: image, alt: "" }),
    element("span", {}, `${hazard.label}: ${level?.label ?? ""}`, details(name, kind?.label, observed_at && age(observed_at), valid_to && word("ends", { age: age(valid_to) }))),
  ];
}

function placeTold({ name, distance: metres, bearing, capacity, capacity_left, beds_available, beds_as_of, status_as_of }) {
  return [
    element(
      "span",
      {},
      name,
      details(
        `${distance(metres)} ${towards(bearing)}`,
        room(capacity, capacity_left),
        !isEmpty(beds_available) && word("beds", { n: grouped(beds_available), age: age(beds_as_of) }),
        status_as_of ? word("status", { age: age(status_as_of) }) : word("status_unknown"),
      ),
    ),
  ];
}

function room(capacity, left) {
  if (isEmpty(left)) return !isEmpty(capacity) && word("capacity", { n: grouped(capacity) });
  return left > 0 ? word("capacity_left", { n: grouped(left) }) : word("full");
}

function rasterTold(raster) {
  const value = raster.value === null ? raster.status_label : `${grouped(raster.value)} ${raster.unit}`;
  const said = details(raster.name, raster.class?.label, raster.observed_at && age(raster.observed_at));
  return element("span", {}, `${raster.quantity_label}: ${value}`, said);
}
