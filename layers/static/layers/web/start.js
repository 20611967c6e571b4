// What the server told the page, and the small tools that every module uses.

export const at = (id) => document.getElementById(id);

export const start = JSON.parse(at("start").textContent);

const WRONG = 120000; // milliseconds; slow answers explain less

const api = new URL(start.api, location.href).href;

/** A text of the page's language with its places filled in: word("observed", { age: "yesterday" }). */
export function word(name, places = {}) {
  return Object.entries(places).reduce((text, [place, value]) => text.replace(`{${place}}`, value), start.words[name]);
}

/** The address of a resource of the public API; parameters that are empty are left out. */
export function address(path, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value !== "" && value !== undefined);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${api}${path}${query && `?${query}`}`;
}

/** A document of the API, in the page's language. */
export const fetchJson = (path, params = {}, signal = undefined) =>
  fetchDocument(address(path, { ...params, f: "json", lang: start.language }), signal);

/**
 * The JSON at an address; what goes wrong is told in the page's language.
 * Cookies stay at home: an answer is the same for all, and caches keep it as such.
 */
export async function fetchDocument(address, signal = undefined) {
  let answer, document;
  try {
    answer = await fetch(address, { credentials: "omit", signal });
    document = await answer.json();
    clockSet(answer.headers.get("Date"));
    signal?.throwIfAborted(); // it may be given up while the answer is read
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(word("no_answer"), { cause: error });
  }
  if (!answer.ok) throw new Error(document.detail ?? document.title ?? answer.statusText);
  return document;
}

let ahead = 0; // milliseconds by which the clock of this device goes ahead of the server's, where it is wrong

function clockSet(date) {
  const off = Date.now() - Date.parse(date);
  if (!Number.isNaN(off)) ahead = Math.abs(off) < WRONG ? 0 : off;
}

/** Milliseconds since 1970, by the server's clock. */
export const now = () => Date.now() - ahead;

/** A function that gives a signal to ask with, and gives up what was asked with the signal before. */
export function turns() {
  let running = new AbortController();
  return () => {
    running.abort();
    running = new AbortController();
    return running.signal;
  };
}

/** What items are asked with to be those that tiles show: of a layer with a validity what is valid now. */
export const shownNow = (layer) => (layer.hasValidity ? { datetime: new Date(now()).toISOString() } : {});

/** What there is to say; that something is awaited (`isLate`) only after a moment in which most answers come. */
export function say(text, isLate = false) {
  at("said").textContent = text;
  at("said").classList.toggle("late", isLate);
}

/** The address of a question about hazards, `at` a place or the `impact` on an area. */
export const question = (name, asked) => `${start.hazards[name]}?${new URLSearchParams({ ...asked, lang: start.language })}`;

/** An element with attributes, listeners (`onclick: …`) and children. What is undefined or false is left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** A GeoJSON feature. */
export const feature = (type, coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type, coordinates } });

/** West, south, east, north around a GeoJSON geometry. */
export function bounds(geometry) {
  const [xs, ys] = [0, 1].map((axis) => {
    const numbers = geometry.coordinates.flat(Infinity);
    return numbers.filter((_, index) => index % 2 === axis);
  });
  const least = (all) => all.reduce((one, other) => Math.min(one, other));
  const most = (all) => all.reduce((one, other) => Math.max(one, other));
  return [least(xs), least(ys), most(xs), most(ys)];
}
