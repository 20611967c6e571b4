// Search by words over all layers.

import { element, fetchJson, shownNow, turns, word } from "./start.js";

const SHOWN = 6;
const PAUSE = 250;

/** Ask while people type, list what is found, and call `pick(layer, id)` for what they choose. */
export function searchMake(form, list, layers, pick) {
  const input = form.querySelector("input");
  const turn = turns();
  let waiting;

  async function search() {
    const signal = turn();
    const q = input.value.trim();
    if (!q) return list.replaceChildren();
    try {
      const found = await Promise.all(layers.map((layer) => found_in(layer, q, signal)));
      const rows = found.flat();
      list.replaceChildren(...(rows.length ? rows : [element("li", { class: "about" }, word("nothing_found"))]));
    } catch (error) {
      if (error.name !== "AbortError") list.replaceChildren(element("li", { class: "about" }, word("failed", { why: error.message })));
    }
  }

  async function found_in(layer, q, signal) {
    const asked = { q, limit: SHOWN, skipGeometry: true, properties: layer.titleField, ...shownNow(layer) };
    const { features } = await fetchJson(`/collections/${layer.id}/items`, asked, signal);
    return features.map(({ id, properties }) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", onclick: () => pick(layer, id) },
          properties[layer.titleField],
          element("small", {}, layer.title),
        ),
      ),
    );
  }

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  search(); // for what was typed before the page was ready
}
