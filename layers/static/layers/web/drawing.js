// An area drawn on the map, corner by corner: with clicks or, in the middle of the map, with the Enter key.

import { feature } from "./start.js";

const REACH = 12; // pixels; a click so near to a corner means that corner

/**
 * Draws with the buttons of `bar`, which is there while it draws. `shown(features)` is told what is drawn so far,
 * `done(ring)` the corners of an area, longitude and latitude each; `done` resolves to nothing where that was no area, and is
 * no more waited for when the corners have changed meanwhile.
 */
export function drawingMake(map, bar, { shown, done }) {
  const buttons = Object.fromEntries([...bar.querySelectorAll("button")].map((one) => [one.name, one]));
  let corners = null;
  let isCorner = false; // what the last click, or the first of a double click, was for
  let asked = null;

  function set(changed) {
    corners = changed;
    bar.hidden = false;
    buttons.undo.disabled = corners.length === 0;
    buttons.done.disabled = corners.length < 3;
    shown(features(corners));
  }

  function end() {
    corners = null;
    map.doubleClickZoom.enable();
    map.getCanvas().removeAttribute("aria-describedby");
    bar.hidden = true;
  }

  const isNear = (corner, point) => corner !== undefined && map.project(corner).dist(map.project(point)) < REACH;

  function add({ lng, lat }) {
    const corner = [Number(lng.toFixed(6)), Number(lat.toFixed(6))];
    if (corners.length > 2 && isNear(corners[0], corner)) finish();
    else if (!isNear(corners.at(-1), corner)) set([...corners, corner]);
  }

  async function finish() {
    if (asked === corners || corners.length < 3) return; // once, however often and by whatever it is ended
    const ring = (asked = corners);
    const isArea = await done(ring);
    if (corners !== ring) return;
    asked = null;
    if (isArea) end();
  }

  function begin() {
    set([]);
    map.doubleClickZoom.disable();
    map.getCanvas().setAttribute("aria-describedby", bar.getAttribute("aria-labelledby"));
    map.getCanvas().focus();
  }

  function stop() {
    end();
    shown([]);
    map.getCanvas().focus();
  }

  const undo = () => set(corners.slice(0, -1));

  buttons.undo.addEventListener("click", undo);
  buttons.done.addEventListener("click", finish);
  buttons.cancel.addEventListener("click", stop);
  map.on("click", ({ originalEvent }) => {
    if (originalEvent.detail < 2) isCorner = corners !== null;
  });
  map.on("dblclick", (event) => {
    if (isCorner) event.preventDefault(); // the first click may have ended the drawing, the second must not zoom
    if (corners) finish();
  });
  return { begin, stop, add, undo, isOn: () => corners !== null };
}

/** The corners as points, and the outline between them, closed from the third on. */
function features(corners) {
  const points = corners.map((corner) => feature("Point", corner, { corner: true }));
  const outline = corners.length > 2 ? [...corners, corners[0]] : corners;
  return corners.length > 1 ? [feature("LineString", outline), ...points] : points;
}
