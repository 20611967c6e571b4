// The panel that lies over the map: what a feature is, what threatens a place, or what an area holds.

import { element } from "./start.js";

const panel = document.getElementById("feature");

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

export function panelHide() {
  panel.hidden = true;
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
