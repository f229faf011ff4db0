// A hit, and why it is there.
import { place } from "./address.js";
import { bar, foreign, make, marked } from "./dom.js";
import { excerpt, languageOf, sentenceAround } from "./text.js";

const EXCERPT = 220; // code points of a hit's text
const PASSAGE = 160; // code points of the window that means most
const MOST_OF_IT = 0.6; // of a text: a window as long as that is no passage

const CHIPS = 5; // terms in short
const LANGUAGES = ["ko", "zh", "en"];
const languageIn = (hit) => (LANGUAGES.includes(hit.metadata.language) ? hit.metadata.language : languageOf(hit.text));

// The highest lexical and dense score, with which the bars are full.
export function fullest(hits) {
  const highest = (part) => Math.max(0, ...hits.map((hit) => hit.parts[part] ?? 0));
  return { lexical: highest("lexical"), dense: highest("dense") };
}

// A hit with its text, its parts and its reasons.
export function hitItem(hit, full) {
  const language = languageIn(hit);
  const reasons = make("div", { className: "reasons", hidden: true });
  const why = make("button", { type: "button", className: "why", say: "why", aria: { expanded: "false" } });
  why.addEventListener("click", () => {
    if (reasons.hidden) reasons.replaceChildren(...explained(hit));
    reasons.hidden = !reasons.hidden;
    why.setAttribute("aria-expanded", String(!reasons.hidden));
  });
  const chips = make("p", { className: "chips" }, ...inShort(hit), why);
  const body = make("div", { className: "body" }, heading(hit), make("p", { className: "text", lang: language }, ...clipped(hit)), chips, reasons);
  const chip = make("span", { className: `chip ${language}`, say: language });
  const parts = make("div", { className: "parts" }, chip, part("lexical", hit, full), part("dense", hit, full));
  return make("li", { className: "hit", data: { id: hit.id } }, make("span", { className: "rank" }, String(hit.rank)), body, parts);
}

// A hit in a column beside other ways of searching: `ranks` says where each of them has it.
export function shortItem(hit, ranks) {
  const others = Object.entries(ranks).map(([mode, found]) =>
    make("span", { className: `standing ${mode}${found ? "" : " absent"}` }, make("span", { say: mode }), ` ${found ?? "–"}`),
  );
  const body = make("div", { className: "body" }, heading(hit), make("p", { className: "chips" }, ...inShort(hit)), make("p", { className: "standings" }, ...others));
  return make("li", { className: "hit short", data: { id: hit.id } }, make("span", { className: "rank" }, String(hit.rank)), body);
}

function heading(hit) {
  const [start, end] = passage(hit);
  const name = hit.title || hit.id;
  return make("h2", {}, make("a", { className: "title", lang: languageOf(name), to: place("document", { id: hit.id, start, end }) }, name));
}

// The part of the text to open the document at: the window that means most, unless it is nearly everything; then the
// sentence of the first word in common.
function passage(hit) {
  const [start, end] = hit.window ?? [0, 0];
  if (end > start && end - start < MOST_OF_IT * Array.from(hit.text).length) return hit.window;
  return hit.highlights.length ? sentenceAround(hit.text, hit.highlights[0]) : ["", ""];
}

function clipped(hit) {
  const part = excerpt(hit.text, hit.highlights, EXCERPT);
  return [part.cutBefore ? "… " : "", ...marked(part.text, part.spans), part.cutAfter ? " …" : ""];
}

function inShort(hit) {
  if (!hit.matched.length && !hit.synonyms.length) return [make("span", { className: "unmatched", say: "unmatched" })];
  const names = hit.synonyms.map((one) => make("span", { className: "term" }, ...sameAs(one)));
  return [...hit.matched.map((one) => foreign("span", "term", one.term)), ...names].slice(0, CHIPS);
}

function explained(hit) {
  const rows = [];
  if (hit.matched.length) rows.push(row("why_terms", ...terms(hit)));
  if (hit.synonyms.length) rows.push(row("why_concepts", ...hit.synonyms.map(shared)));
  if (hit.window && hit.window[1] > hit.window[0]) rows.push(row("why_window", nearest(hit)));
  const about = [["id", hit.id], ["score", hit.score.toPrecision(4)], ...Object.entries(hit.metadata)];
  return [make("dl", {}, ...rows.flat()), make("p", { className: "facts" }, ...about.map(fact))];
}

const row = (key, ...content) => [make("dt", { say: key }), make("dd", {}, ...content)];

// A fact of a document.
export const fact = ([name, value]) =>
  make("span", { className: "fact" }, make("span", {}, name), ` ${typeof value === "string" ? value : JSON.stringify(value)}`);

// Each term with what it adds to the lexical score; parts of words that no term covers make up the rest of it.
function terms(hit) {
  const rest = (hit.parts.lexical ?? 0) - hit.matched.reduce((sum, one) => sum + one.score, 0);
  const found = hit.matched.map((one) => {
    const place_ = one.spans.length ? null : make("small", { say: "why_title" });
    return make("span", { className: "weighed" }, foreign("b", "", one.term), place_ && " ", place_, ` ${signed(one.score)}`);
  });
  if (rest >= 0.05) found.push(make("span", { className: "weighed" }, make("small", { say: "why_pairs" }), ` ${signed(rest)}`));
  return found;
}

const signed = (score) => `+${score.toFixed(2)}`;

// What the query calls a concept, and what the document calls it.
const sameAs = (one) => [foreign("b", "", one.asked), " = ", foreign("b", "", one.term)];

const shared = (one) => make("span", { className: "weighed" }, ...sameAs(one), ` (${one.concept_id})`);

function nearest(hit) {
  const points = Array.from(hit.text).slice(...hit.window);
  const cut = points.length > PASSAGE ? `${points.slice(0, PASSAGE).join("")} …` : points.join("");
  return foreign("q", "", cut);
}

function part(name, hit, full) {
  const value = hit.parts[name];
  const number = value === null ? "–" : value.toFixed(name === "dense" ? 3 : 2);
  return make(
    "div",
    { className: `part ${name}${value === null ? " absent" : ""}` },
    make("span", { className: "label", say: name }),
    bar(value > 0 ? value / full[name] : 0, name),
    make("span", { className: "number" }, number),
  );
}
