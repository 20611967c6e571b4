// What an area holds: the answer of /api/v1/hazards/impact in words.

import { button, list, panelShow } from "./panel.js";
import { element, feature, fetchDocument, question, word } from "./start.js";
import { dated, grouped, isEmpty, shown } from "./values.js";

const TOTALS = { aid_posts: "capacity", health_facilities: "beds_available" }; // what the places of a layer have together

/** A link to the situation report of what is asked about, as the parameters of the question. */
export const reportLink = (asked) => element("a", { href: question("impact", { ...asked, f: "html" }) }, word("report"));

/**
 * Show what lies inside an area, given by its corners; resolves to it as GeoJSON. `layers` are the collections by id,
 * `zoom(area)` goes there, `signal` gives it up.
 */
export async function impactShow(corners, { layers, zoom, signal }) {
  const ring = [...corners, corners[0]];
  const area = feature("Polygon", [ring]);
  const asked = { coords: `POLYGON((${ring.map((corner) => corner.join(" ")).join(",")}))` };
  const answered = question("impact", { ...asked, limit: 1 });
  const found = await fetchDocument(answered, signal);
  const { affected, least, most, uncertainty } = found.people;
  const without = found.kelurahan.filter(({ code }) => found.without_post.includes(code));
  panelShow({
    kind: word("impact_kind"),
    title: isEmpty(affected) ? word("people_unknown") : word("people", { n: grouped(affected) }),
    told: [
      `${grouped(Number((found.area_m2 / 1e6).toPrecision(3)))} km²`,
      !isEmpty(affected) && surely(least, most),
      word("as_at", { time: dated(found.computed_at) }),
    ].filter(Boolean).join(" · "),
    facts: [
      ...[...layers.values()].filter(({ id }) => found.layers[id]?.count > 0).map((layer) => [layer.title, counted(layer, found.layers[layer.id])]),
      [word("out_of_reach"), grouped(found.out_of_reach_total)],
      [word("kelurahan"), list(found.kelurahan.map(kelurahanTold), word("kelurahan_none"))],
      ...(without.length ? [[word("without_post"), list(without.map(({ name }) => name))]] : []),
    ],
    actions: [reportLink(asked), button(() => zoom(area), word("zoom_to")), element("a", { href: answered }, "JSON")],
    others: [element("p", { class: "about" }, `${found.note} ${uncertainty}`)],
  });
  return area;
}

// Between which numbers the people surely are, as far as that is known: that there are at least none says nothing.
function surely(least, most) {
  if (isEmpty(most)) return least > 0 && word("people_least", { least: grouped(least) });
  if (isEmpty(least)) return word("people_most", { most: grouped(most) });
  return word("people_between", { least: grouped(least), most: grouped(most) });
}

// How many, and their total with the title and unit of the schema; a lower bound where some do not tell theirs.
function counted({ id, schema }, { count, totals }) {
  const total = totals[TOTALS[id]];
  if (!total || total.unknown === count) return grouped(count);
  const { title } = schema[TOTALS[id]];
  return `${grouped(count)} · ${title}: ${total.unknown ? "≥\u00a0" : ""}${shown(total.sum, schema[TOTALS[id]])}`;
}

const kelurahanTold = ({ name, affected }) => `${name}: ${affected === null ? "?" : grouped(affected)}`;
