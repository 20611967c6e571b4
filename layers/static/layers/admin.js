// Django's map for drawing, over the kecamatan, in longitude and latitude: coordinates pass through as they are.
"use strict";

class LayerMap extends MapWidget {
  createMap() {
    const view = portalMap.view();
    view.setZoom(this.options.default_zoom);
    return new ol.Map({ target: this.options.map_id, layers: [this.options.base_layer], view });
  }
}

addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(".dj_map")) {
    const background = portalMap.areas(element);
    const widget = new LayerMap({
      base_layer: background,
      geom_name: element.dataset.geometry,
      id: element.id.replace(/_map$/, ""),
      map_id: element.id,
      default_lon: Number(element.dataset.lon),
      default_lat: Number(element.dataset.lat),
      default_zoom: Number(element.dataset.zoom),
    });
    const drawn = widget.featureCollection.getArray();
    background.getSource().once("change", () => portalMap.look(widget.map, drawn, background));
  }
});
