// What an area holds: the answer of /api/v1/hazards/impact in words.

import { button, list, panelShow } from "./panel.js";
import { element, fetchDocument, question, word } from "./start.js";
import { grouped } from "./values.js";

/** A link to the situation report of what is asked about, as the parameters of the question. */
export const reportLink = (asked) => element("a", { href: question("impact", { ...asked, f: "html" }) }, word("report"));

/** Show what lies inside a polygon, given as GeoJSON. `layers` are the collections, `zoom()` goes there. */
export async function impactShow(polygon, { layers, zoom }) {
  const asked = { coords: wkt(polygon) };
  const answered = question("impact", { ...asked, limit: 1 });
  const found = await fetchDocument(answered);
  const { affected, least, most, uncertainty } = found.people;
  const without = found.kelurahan.filter(({ code }) => found.without_post.includes(code));
  panelShow({
    kind: word("impact_kind"),
    title: affected === null ? word("people_unknown") : word("people", { n: grouped(affected) }),
    told: [
      `${grouped(Number((found.area_m2 / 1e6).toPrecision(3)))} km²`,
      affected !== null && word("people_between", { least: grouped(least), most: most === null ? "?" : grouped(most) }),
    ].filter(Boolean).join(" · "),
    facts: [
      ...layers.filter(({ id }) => found.layers[id]?.count > 0).map(({ id, title }) => [title, grouped(found.layers[id].count)]),
      [word("out_of_reach"), grouped(found.out_of_reach_total)],
      [word("kelurahan"), list(found.kelurahan.map(kelurahanTold), word("kelurahan_none"))],
      ...(without.length ? [[word("without_post"), list(without.map(({ name }) => name))]] : []),
    ],
    actions: [reportLink(asked), button(zoom, word("zoom_to")), element("a", { href: answered }, "JSON")],
    others: [`${found.note} ${uncertainty}`].map((said) => element("p", { class: "about" }, said)),
  });
}

const kelurahanTold = ({ name, affected }) => `${name}: ${affected === null ? "?" : grouped(affected)}`;

const wkt = ({ coordinates }) => `POLYGON(${coordinates.map((ring) => `(${ring.map((corner) => corner.join(" ")).join(",")})`).join(",")})`;
