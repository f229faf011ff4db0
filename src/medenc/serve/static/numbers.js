// The tab Numbers: the manifests and evaluation reports behind what is served.
import { bar, make, unserved } from "./dom.js";
import { Panel } from "./panel.js";
import { get } from "./server.js";
import { spoken } from "./words.js";

const ORDER = ["report", "index", "model", "task", "dictionary"];
const SHORT = 12; // characters of a fingerprint
const DEEPEST = 3; // levels of numbers that are listed; the rest is in the whole manifest

let panel;

export const numbers = {
  start() {
    panel = new Panel("numbers");
  },

  async show() {
    await panel.visit("numbers", load);
  },
};

async function load(signal) {
  const { artifacts } = await get("/v1/numbers", signal);
  const sorted = [...artifacts].sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role));
  const missing = artifacts.some(({ role }) => role === "report") ? [] : [unserved("serve_report", "medenc serve INDEX --report REPORT")];
  panel.show(...missing, ...sorted.map(card));
}

function card(artifact) {
  const given = artifact.numbers ?? {};
  const facts = [["numbers_created", date(artifact.created)], ["numbers_fingerprint", artifact.fingerprint?.slice(0, SHORT)]].filter(([, value]) => value);
  const head = make(
    "header",
    {},
    make("p", { className: "role", say: `role_${artifact.role}` }),
    make("h2", {}, artifact.name),
    make("p", { className: "facts" }, ...facts.map(([key, value]) => make("span", { className: "fact" }, make("span", { say: key }), ` ${value}`))),
  );
  const whole = make("details", {}, make("summary", { say: "numbers_all" }), make("pre", {}, JSON.stringify(artifact, null, 2)));
  return make("article", { className: "sheet artifact" }, head, ...(isScored(given) ? report(given) : listed({ ...artifact.model, ...given })), whole);
}

const date = (text) => (text ? new Date(text).toLocaleDateString(spoken(), { dateStyle: "medium" }) : null);

// Evaluations: {scores: {way: {measure: number}}, intervals, tests, n_queries, split}

const isScored = ({ scores }) => scores && Object.values(scores).every((own) => own && typeof own === "object");

function report(given) {
  const measures = [...new Set(Object.values(given.scores).flatMap(Object.keys))];
  const best = Object.fromEntries(measures.map((name) => [name, Math.max(...Object.values(given.scores).map((own) => own[name] ?? 0))]));
  const head = make("tr", {}, make("th", { scope: "col", say: "numbers_way" }), ...measures.map((name) => make("th", { scope: "col" }, name)));
  const rows = Object.entries(given.scores).map(([way, own]) =>
    make("tr", {}, make("th", { scope: "row" }, way), ...measures.map((name) => score(own[name], given.intervals?.[way]?.[name], own[name] === best[name]))),
  );
  const caption = given.n_queries ? [make("p", { className: "hint", say: ["numbers_queries", { n: given.n_queries, split: given.split ?? "" }] })] : [];
  return [...caption, wide(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))), ...compared(given.tests ?? [])];
}

function score(value, interval, best) {
  if (typeof value !== "number") return make("td", {}, "–");
  const range = interval ? make("small", { say: ["numbers_interval", { low: interval[0].toFixed(3), high: interval[1].toFixed(3) }] }) : null;
  return make("td", { className: best ? "best" : "" }, make("span", { className: "value" }, value.toFixed(3)), bar(value, "dense"), range);
}

function compared(tests) {
  if (!tests.length) return [];
  const head = make("tr", {}, make("td", {}), make("td", {}), make("th", { scope: "col", say: "numbers_difference" }), make("th", { scope: "col", say: "numbers_p" }));
  const rows = tests.map((one) =>
    make(
      "tr",
      { className: one.p < 0.05 ? "clear" : "" },
      make("th", { scope: "row" }, `${one.a} − ${one.b}`),
      make("td", {}, one.measure),
      make("td", {}, `${one.difference >= 0 ? "+" : "−"}${Math.abs(one.difference).toFixed(3)}`),
      make("td", {}, one.p < 0.001 ? "< 0.001" : one.p.toFixed(3)),
    ),
  );
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  return [make("details", {}, make("summary", { say: "numbers_compared" }), wide(table))];
}

// A table that may be wider than a phone scrolls by itself; the keyboard reaches it.
const wide = (table) => make("div", { className: "wide", tabIndex: 0, role: "group", label: "tab_numbers" }, table);

// Other numbers: a list of names and values

function listed(values) {
  const rows = flat(values, [], DEEPEST);
  if (!rows.length) return [];
  return [make("dl", { className: "about" }, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]))];
}

function flat(values, above, depth) {
  return Object.entries(values).flatMap(([name, value]) => {
    const path = [...above, name];
    if (Array.isArray(value)) return value.length && value.every((one) => typeof one !== "object") ? [[path.join(" › "), value.join(", ")]] : [];
    if (value && typeof value === "object") return depth > 1 ? flat(value, path, depth - 1) : [];
    return value === null || value === "" ? [] : [[path.join(" › "), typeof value === "number" ? value.toLocaleString(spoken()) : String(value)]];
  });
}
