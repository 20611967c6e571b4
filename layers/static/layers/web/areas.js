// The administrative areas to choose from.

import { at, bounds, element, fetchJson, word } from "./start.js";

const AREAS = "/collections/administrative_areas/items";

/** Fill the choice: a group for each kecamatan, with all of it and its kelurahan. Answers with `{ code, name }` of all. */
export async function areasLoad() {
  const asked = { limit: 10000, skipGeometry: true, properties: "code,name,level,parent", sortby: "code" };
  const { features } = await fetchJson(AREAS, asked);
  const areas = features.map(({ properties }) => properties);
  const option = ({ code, name }) => element("option", { value: code }, name);
  const groups = areas
    .filter(({ level }) => level === "kecamatan")
    .map((area) => {
      const inside = areas.filter(({ code }) => code.startsWith(`${area.code}.`));
      return element("optgroup", { label: area.name }, option(area), ...inside.map(option));
    });
  at("area").replaceChildren(element("option", { value: "" }, word("areas_all")), ...groups);
  return areas;
}

/** Resolves to the box around an area, empty where there is no such area. */
export async function areaLocate(code, signal) {
  const { features } = await fetchJson(AREAS, { code, limit: 1 }, signal);
  return features.length ? bounds(features[0].geometry) : "";
}
