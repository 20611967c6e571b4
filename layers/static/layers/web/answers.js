// What the panel shows: a feature, what threatens a place, what an area holds, or nothing. An open panel is an entry of the
// browser's history, which says what it shows: going back closes it, going forward opens it again.

import { featureShow } from "./feature.js";
import { impactShow } from "./impact.js";
import { look, panel, uncover } from "./panel.js";
import { placeShow } from "./place.js";
import { say, turns, word } from "./start.js";

/**
 * `layers` are the collections by id, `areas` `{ code, name }` of all. `state` is changed in place, then `draw()` is called.
 * Answers with `show({ layer, id })`, `threats(position)`, `impact(corners)` and `reopen(state)`, which ask, and resolve to
 * what is shown as GeoJSON, or to nothing where that failed; with `asking()`, the signal of a question that is yet to come,
 * `giveUp()` of what was asked, and `hide()` of the panel or of what would open it.
 */
export function answersMake(map, { layers, areas, state, draw }) {
  const turn = turns(); // whoever asks takes one, and what gives the panel up, too
  const zoom = ({ geometry }) => look(map, geometry);
  // Entries of another view in the address of the same page, as when a link is pasted, are not ours to draw.
  const view = history.state?.view ?? Date.now();
  history.replaceState({ ...history.state, view }, "");

  function giveUp() {
    turn();
    say("");
  }

  function asking() {
    const signal = turn();
    say(word("asking"), true);
    return signal;
  }

  // `answer(signal)` resolves to what it shows, which `sight` moves the map to.
  async function ask(entry, answer, sight = uncover) {
    const signal = asking();
    try {
      const selected = await answer(signal);
      become({ ...entry, selected });
      sight(map, selected.geometry);
      say("");
      return selected;
    } catch (error) {
      if (error.name !== "AbortError") say(word("failed", { why: error.message }));
    }
  }

  function become({ item = "", place = null, drawn = null, selected = null }) {
    const write = history.state?.panel ? "replaceState" : "pushState";
    if (selected) history[write]({ view, panel: { item, place, drawn } }, "");
    Object.assign(state, { item, place, drawn, selected });
    draw();
  }

  // `position` is where the feature was clicked, among `others`.
  function show({ layer, id }, { others = [], position, sight } = {}) {
    const answer = async (signal) => {
      const pick = (other) => {
        const beside = [...others.filter((one) => one !== other), { layer, id, name }];
        return other.place ? threats(other.place) : show(other, { others: beside, position });
      };
      const feature = await featureShow({ layer, id, others, areas, position, pick, zoom, ask: threats, signal });
      const name = feature.properties[layer.titleField];
      return feature;
    };
    return ask({ item: `${layer.id}/${id}` }, answer, sight);
  }

  function threats({ lng, lat }) {
    const place = { lng: Number(lng.toFixed(6)), lat: Number(lat.toFixed(6)) };
    const back = { layer: { title: word("threats_kind") }, name: `${place.lat}, ${place.lng}`, place };
    const pick = (feature) => show(feature, { others: [back] });
    return ask({ place }, (signal) => placeShow(place, { layers, pick, zoom, signal }));
  }

  const impact = (drawn) => ask({ drawn }, (signal) => impactShow(drawn, { layers, zoom, signal }));

  function reopen({ item = "", place, drawn }) {
    const [layer, id] = item.split("/");
    if (layers.has(layer)) return show({ layer: layers.get(layer), id });
    return place ? threats(place) : drawn && impact(drawn);
  }

  function hide() {
    if (panel.hidden) return giveUp();
    close();
    if (history.state?.panel) history.back(); // going forward opens it again
  }

  function close() {
    giveUp();
    if (panel.hidden) return draw();
    panel.hidden = true;
    become({});
    map.getCanvas().focus();
  }

  panel.querySelector(".close").addEventListener("click", hide);
  addEventListener("popstate", ({ state: entry }) => {
    if (entry?.view !== view) location.reload();
    else if (!entry.panel || !reopen(entry.panel)) close();
  });
  return { show, threats, impact, reopen, asking, giveUp, hide };
}
