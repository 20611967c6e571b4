// The panel that lies over the map: what a feature is, what threatens a place, or what an area holds.

import { at, bounds, element } from "./start.js";

const MARK = 20; // pixels around the middle of a mark
const NEAREST = 16; // the zoom at which a point is looked at
export const MARGIN = 50; // pixels around what is looked at

export const panel = at("feature");

/**
 * Show a `title` with its `kind` above and what is `told` below; `facts` are pairs of term and text or element;
 * `actions` and `others` are elements.
 */
export function panelShow({ kind, title, told, facts, actions, others = [] }) {
  const rows = facts.flatMap(([term, fact]) => [element("dt", {}, term), element("dd", {}, fact)]);
  panel.querySelector(".kind").textContent = kind;
  panel.querySelector("h2").textContent = title;
  panel.querySelector(".observed").textContent = told;
  panel.querySelector("dl").replaceChildren(...rows);
  panel.querySelector(".actions").replaceChildren(...actions);
  panel.querySelector(".others").replaceChildren(...others);
  panel.hidden = false;
  panel.querySelector(".body").scrollTop = 0;
  panel.querySelector("h2").focus();
}

/** Move the map to a geometry, beside the panel: that lies over the map's side or, on a phone, over its lower part. */
export function look(map, geometry, nearest = Math.max(NEAREST, map.getZoom())) {
  const { width, height } = panel.getBoundingClientRect();
  const covered = width < map.getCanvas().clientWidth ? { right: width } : { bottom: height };
  const padding = { top: 0, right: 0, bottom: 0, left: 0, ...covered };
  for (const side of Object.keys(padding)) padding[side] += MARGIN;
  map.fitBounds(bounds(geometry), { padding, maxZoom: nearest });
}

/** Look at a point, or at an area that was drawn, where the panel lies over it. */
export function uncover(map, { type, coordinates }) {
  const corners = { Point: [coordinates], Polygon: coordinates[0] }[type] ?? []; // the areas of layers are MultiPolygons
  const mark = type === "Point" ? MARK : 0;
  const { left, top } = map.getCanvas().getBoundingClientRect();
  const isCovered = (corner) => {
    const { x, y } = map.project(corner);
    const isUnder = (beside) => panel.contains(document.elementFromPoint(left + x + beside, top + y + beside));
    return isUnder(-mark) || isUnder(mark);
  };
  if (corners.some(isCovered)) look(map, { coordinates }, map.getZoom());
}

/** A button of the page; `children` stand in it. */
export const button = (onclick, ...children) => element("button", { type: "button", class: "quiet", onclick }, ...children);

/** What a fact is made of. */
export const group = (...parts) => element("div", { class: "answers" }, ...parts);

/** A list of elements; `none` where there are none. */
export const list = (items, none = "") =>
  items.length ? element("ul", { class: "plain" }, ...items.map((item) => element("li", {}, item))) : none;

/** What is known besides, in small letters; what is empty is left out. */
export const details = (...parts) => element("small", {}, parts.filter(Boolean).join(" · "));
