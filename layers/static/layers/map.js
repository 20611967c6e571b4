// Maps of the portal: features over the outlines of the kecamatan, and nothing from other servers.
// They are drawn in longitude and latitude as they are: this near the equator no shape suffers.
"use strict";

const portalMap = (() => {
  const format = new ol.format.GeoJSON();

  const colour = (element, name) => getComputedStyle(element).getPropertyValue(`--map-${name}`).trim();

  const label = (element, text, ink, options) =>
    new ol.style.Text({
      text,
      font: "500 13px system-ui, sans-serif",
      fill: new ol.style.Fill({ color: colour(element, ink) }),
      stroke: new ol.style.Stroke({ color: colour(element, "land"), width: 4 }),
      overflow: true,
      ...options,
    });

  // A name is written once, however many islands its area has.
  const largest = (geometry) =>
    geometry.getType() === "MultiPolygon"
      ? geometry.getPolygons().reduce((one, other) => (one.getArea() < other.getArea() ? other : one))
      : geometry;

  const view = () => new ol.View({ projection: "EPSG:4326", center: [0, 0], zoom: 1 });

  // The kecamatan as a quiet layer. Where they cannot be had, the map stays plain.
  function areas(element) {
    const source = new ol.source.Vector();
    fetch(element.dataset.areas)
      .then((answer) => (answer.ok ? answer.json() : { type: "FeatureCollection", features: [] }))
      .then((found) => source.addFeatures(format.readFeatures(found)));
    // The colours are asked for anew each time, for paper has others than a dark screen.
    const style = (feature) => [
      new ol.style.Style({
        fill: new ol.style.Fill({ color: colour(element, "land") }),
        stroke: new ol.style.Stroke({ color: colour(element, "line"), width: 1.25 }),
      }),
      new ol.style.Style({
        geometry: largest(feature.getGeometry()),
        text: label(element, feature.get("name"), "quiet"),
      }),
    ];
    return new ol.layer.Vector({ source, style, declutter: true });
  }

  // Show the features with something around them, or else the kecamatan.
  function look(map, features, background) {
    const extent = [features, background.getSource().getFeatures()]
      .map((found) => new ol.source.Vector({ features: found }).getExtent())
      .find((found) => Number.isFinite(found[0]));
    if (extent) map.getView().fit(extent, { padding: [32, 32, 32, 32], maxZoom: 14 });
  }

  function featureStyle(element, lit) {
    const mark = colour(element, lit ? "lit" : "mark");
    const stroke = new ol.style.Stroke({ color: mark, width: lit ? 3 : 1.75 });
    const fill = new ol.style.Fill({ color: colour(element, lit ? "lit-shade" : "shade") });
    const image = new ol.style.Circle({
      radius: lit ? 9 : 6.5,
      fill: new ol.style.Fill({ color: mark }),
      stroke: new ol.style.Stroke({ color: colour(element, "land"), width: 2 }),
    });
    return (feature) => {
      const text = lit ? label(element, feature.get("name"), "ink", { offsetY: -20 }) : undefined;
      return new ol.style.Style({ stroke, fill, image, text, zIndex: lit ? 1 : 0 });
    };
  }

  // Table and map light up in step.
  function follow(map, layer, element) {
    const rows = new Map([...document.querySelectorAll("tr[data-feature]")].map((row) => [row.dataset.feature, row]));
    let lit = null;

    function light(feature) {
      if (feature === lit) return;
      lit?.setStyle(undefined);
      rows.get(String(lit?.getId()))?.classList.remove("lit");
      lit = feature;
      lit?.setStyle(featureStyle(element, true));
      rows.get(String(lit?.getId()))?.classList.add("lit");
    }

    const options = { layerFilter: (found) => found === layer, hitTolerance: 6 };
    const at = (pixel) => map.forEachFeatureAtPixel(pixel, (feature) => feature, options) ?? null;
    map.on("pointermove", (event) => event.dragging || light(at(event.pixel)));
    map.on("click", (event) => {
      light(at(event.pixel));
      rows.get(String(lit?.getId()))?.scrollIntoView({ block: "nearest" });
    });
    for (const [id, row] of rows) {
      const feature = layer.getSource().getFeatureById(id);
      row.addEventListener("mouseenter", () => light(feature));
      row.addEventListener("focusin", () => light(feature));
    }
  }

  // Browsers print the picture that is there: cut, where its place has another size on paper, and Firefox in the
  // colours of the screen. That is still paper to Firefox after printing, until it tells the change of colours.
  function repaint(map, [background, layer], element) {
    const paint = () => {
      background.changed();
      layer.setStyle(featureStyle(element, false));
      map.renderSync();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    for (const [event, isPrinted] of [["beforeprint", true], ["afterprint", false]]) {
      addEventListener(event, () => {
        const { offsetWidth: width, offsetHeight: height } = element;
        element.style = isPrinted ? `width: ${width}px; height: ${height}px` : "";
        element.classList.toggle("paper", isPrinted);
        paint();
      });
    }
  }

  function draw(element) {
    const features = format.readFeatures(JSON.parse(document.getElementById("drawn").textContent));
    const background = areas(element);
    const source = new ol.source.Vector({ features });
    const layer = new ol.layer.Vector({ source, style: featureStyle(element, false) });
    const { zoomIn: zoomInTipLabel, zoomOut: zoomOutTipLabel } = element.dataset;
    const controls = [new ol.control.Zoom({ zoomInTipLabel, zoomOutTipLabel }), new ol.control.ScaleLine()];
    const map = new ol.Map({ target: element, layers: [background, layer], controls, view: view() });
    look(map, features, background);
    background.getSource().once("change", () => look(map, features, background));
    follow(map, layer, element);
    repaint(map, [background, layer], element);
  }

  for (const element of document.querySelectorAll(".map[data-areas]")) draw(element);
  return { areas, look, view };
})();
