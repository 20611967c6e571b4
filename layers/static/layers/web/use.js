// The addresses by which other programs use a layer, to copy.

import { address, at, element, word } from "./start.js";

const dialog = at("use");

/** Show the addresses of a layer, the last one with the filter that is set. */
export function useShow(layer, filter) {
  const collection = `/collections/${layer.id}`;
  dialogShow(layer.title, {
    qgis_features: address(""),
    qgis_tiles: address(`/styles/${layer.id}`, { f: "json" }),
    xyz: address(`${collection}/tiles/WebMercatorQuad/{z}/{y}/{x}`, { labels: "true" }),
    ogc: address(collection),
    curl: `curl "${address(`${collection}/items`, { f: "json", filter })}"`,
  });
}

/** Show the address of the page as it is now. */
export const linkShow = (title) => dialogShow(title, { link: location.href });

function dialogShow(title, addresses) {
  dialog.querySelector("h2").textContent = title;
  const rows = Object.entries(addresses).flatMap(([name, text]) => [
    element("dt", {}, word(name)),
    element("dd", {}, element("code", { class: "copy", tabindex: 0 }, text), copyButton(text)),
  ]);
  dialog.querySelector("dl").replaceChildren(...rows);
  dialog.showModal();
}

// Browsers give the clipboard to pages over https only; elsewhere one click selects the whole address.
function copyButton(text) {
  if (!navigator.clipboard) return "";
  const copy = async ({ currentTarget }) => {
    await navigator.clipboard.writeText(text);
    currentTarget.textContent = word("copied");
  };
  return element("button", { type: "button", class: "quiet", onclick: copy }, word("copy"));
}
