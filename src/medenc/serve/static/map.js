// The tab Map: documents as points of a plane, to zoom into, coloured by their metadata.
import { place } from "./address.js";
import { at, foreign, make, unserved } from "./dom.js";
import { Panel } from "./panel.js";
import { Plane } from "./plane.js";
import { get, info } from "./server.js";
import { languageOf } from "./text.js";

const NEAR = 8; // documents listed below the picture
const COLOURS = 8; // the rest of the values share one more

let panel;
let plane = null; // once the points have come

export const map = {
  start() {
    panel = new Panel("map");
  },

  async show(values) {
    if (!plane) await panel.run(load);
    if (plane) colour(values.by ?? Object.keys(plane.points.metadata)[0] ?? "");
  },

  redraw() {
    plane?.draw();
  },
};

async function load(signal) {
  const { index } = await info();
  if (!index) return panel.show(unserved("serve_index", "medenc serve INDEX"));
  if (index.modes.length < 2) return panel.show(unserved("map_flat", "medenc index FILES --model MODEL --out INDEX"));
  const points = await get("/v1/map", signal);
  const canvas = make("canvas", { id: "map-picture", role: "img", tabIndex: 0, label: ["map_picture", { n: points.ids.length }] });
  const tip = make("p", { id: "map-tip", className: "tip", hidden: true });
  plane = new Plane(canvas, points, { near: showNear, over: (i, x, y) => showTip(tip, i, x, y), open });
  const by = make("select", { id: "map-by" }, make("option", { value: "", say: "map_by_none" }), ...Object.keys(points.metadata).map((key) => make("option", { value: key }, key)));
  by.addEventListener("change", () => (location.hash = place("map", { by: by.value || "-" })));
  const bar = make("div", { className: "row" }, make("label", { className: "choice" }, make("span", { say: "map_by" }), " ", by), make("span", { className: "zoom" }, ...buttons()));
  const legend = make("ul", { id: "map-legend", className: "legend" });
  const near = make("section", {}, make("h2", { say: "map_near" }), make("ol", { id: "map-near", className: "near" }));
  panel.show(bar, legend, make("div", { className: "picture" }, canvas, tip), near);
  plane.fit();
}

function buttons() {
  const given = [["+", "map_in", () => plane.zoom(1.5)], ["−", "map_out", () => plane.zoom(1 / 1.5)], ["⤢", "map_all", () => plane.fit()]];
  return given.map(([sign, key, press]) => make("button", { type: "button", className: "round", label: key, on: { click: press } }, sign));
}

function colour(by) {
  const column = plane.points.metadata[by];
  at("map-by").value = column ? by : "";
  const values = column ? commonest(column) : [];
  const kinds = column ? column.map((value) => (value === null ? -1 : Math.min(values.indexOf(value), COLOURS))) : plane.points.ids.map(() => 0);
  plane.paint(kinds);
  const rows = values.slice(0, COLOURS).map((value, i) => foreign("li", `kind-${i}`, value));
  if (values.length > COLOURS) rows.push(make("li", { className: "kind-8", say: "map_rest" }));
  if (column?.includes(null)) rows.push(make("li", { className: "kind-none", say: "map_missing" }));
  at("map-legend").replaceChildren(...rows);
}

function commonest(column) {
  const counts = new Map();
  for (const value of column) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([value]) => value);
}

const name = (i) => plane.points.titles[i] || plane.points.ids[i];
const address = (i) => place("document", { id: plane.points.ids[i] });

function open(i) {
  location.hash = address(i);
}

function showNear(nearest) {
  const items = nearest.slice(0, NEAR).map((i) => make("li", {}, make("a", { to: address(i), lang: languageOf(name(i)) }, name(i))));
  at("map-near")?.replaceChildren(...items);
}

function showTip(tip, i, x, y) {
  tip.hidden = i === null;
  if (i === null) return;
  tip.textContent = name(i);
  tip.lang = languageOf(name(i));
  tip.style.left = `${x}px`;
  tip.style.top = `${y}px`;
}
