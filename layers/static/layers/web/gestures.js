// Asking the map: a click, or the Enter key in its middle, asks what is there; a right click, or a long touch, what threatens a place.

import { say, word } from "./start.js";

const REACH = 6; // pixels around a click
const OTHERS = 7;

/** `layers` are the collections by id, `show`, `threats` and `giveUp` those of the answers; while `drawing` is on, clicks and keys are its. */
export function gesturesListen(map, { layers, drawing, show, threats, giveUp }) {
  // Icons before areas, and each feature once, however many tiles and style layers it is drawn by.
  function featuresAt({ x, y }) {
    const drawn = map.queryRenderedFeatures([[x - REACH, y - REACH], [x + REACH, y + REACH]]);
    const found = new Map();
    for (const { id, source, properties, geometry } of drawn.filter((one) => layers.has(one.source))) {
      const layer = layers.get(source);
      const name = properties[layer.titleField] ?? id;
      found.set(`${source}/${id ?? JSON.stringify(geometry)}`, { layer, id, name, properties, geometry });
    }
    const isBoundary = ({ layer }) => layer.id === "administrative_areas";
    return [...found.values()].sort((one, other) => isBoundary(one) - isBoundary(other));
  }

  const isCluster = ({ id }) => id === undefined;

  function identify(point) {
    giveUp();
    const [first, ...others] = featuresAt(point);
    if (!first) return false;
    if (isCluster(first)) {
      say(word("cluster", { n: first.properties.point_count }));
      map.easeTo({ center: first.geometry.coordinates, zoom: map.getZoom() + 2 });
    } else {
      show(first, { others: others.slice(0, OTHERS).filter((other) => !isCluster(other)), position: map.unproject(point) });
    }
    return true;
  }

  map.on("click", ({ point, lngLat, originalEvent }) => {
    if (originalEvent.detail > 1) return; // the first click of a double click was meant
    say("");
    if (drawing.isOn()) drawing.add(lngLat.wrap());
    else identify(point);
  });
  map.on("contextmenu", ({ lngLat, originalEvent }) => {
    originalEvent.preventDefault();
    if (!drawing.isOn()) threats(lngLat.wrap());
  });
  const canvas = map.getCanvas();
  map.on("mousemove", ({ point }) => {
    canvas.style.cursor = featuresAt(point).length ? "pointer" : "";
  });
  canvas.addEventListener("keydown", ({ key }) => {
    if (drawing.isOn()) {
      if (key === "Enter") drawing.add(map.getCenter().wrap());
      if (key === "Backspace") drawing.undo();
    } else if (key === "Enter" && !identify({ x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 })) say(word("nothing_here"));
  });
}
