// A prediction of a task model as people read it, by what is in it.
import { bar, foreign, make, percent } from "./dom.js";
import { languageOf } from "./text.js";

const MOST_CLASSES = 12;
const COLOURS = 8; // classes of the style sheet: kind-0 to kind-7

// The parts of a prediction on a text.
export function shownPrediction(found, text) {
  if (found.entities) return entities(found.entities, text);
  if (found.triples) return triples(found.triples);
  if (found.answers) return answers(found, text);
  if (found.probabilities) return classes(found);
  if ("value" in found) return [make("p", { className: "labelled" }, make("span", { say: "read_value" }), ` ${found.value}`)];
  return [make("h2", { say: "read_plain" }), make("pre", {}, JSON.stringify(found, null, 2))];
}

// Entities

function entities(found, text) {
  if (!found.length) return [make("p", { className: "none", say: "read_no_entities" })];
  const labels = [...new Set(found.map(({ label }) => label))].sort();
  const kind = (label) => `kind-${labels.indexOf(label) % COLOURS}`;
  const ordered = [...found].sort((a, b) => a.start - b.start || b.end - a.end);
  const legend = labels.map((label) => make("li", { className: kind(label) }, label));
  return [
    make("h2", { say: ["read_entities", { n: found.length }] }),
    make("ul", { className: "legend" }, ...legend),
    make("p", { className: "whole", lang: languageOf(text) }, ...nested(Array.from(text), ordered, 0, Array.from(text).length, kind)),
  ];
}

// The code points from `start` to `end` with the entities inside, one in another where they nest. Of two that cross, the
// second is cut off where the first one ends.
function nested(points, ordered, start, end, kind) {
  const parts = [];
  let done = start;
  while (ordered.length && ordered[0].start < end) {
    const entity = ordered.shift();
    const [from, to] = [Math.max(entity.start, done), Math.min(entity.end, end)];
    if (from >= to) continue;
    parts.push(points.slice(done, from).join(""));
    parts.push(make("span", { className: `entity ${kind(entity.label)}` }, ...nested(points, ordered, from, to, kind), make("small", {}, entity.label)));
    done = to;
  }
  parts.push(points.slice(done, end).join(""));
  return parts;
}

// Relations

function triples(found) {
  const head = ["read_subject", "read_predicate", "read_object"].map((key) => make("th", { scope: "col", say: key }));
  const rows = found.map((one) => make("tr", {}, foreign("td", "", end(one.subject)), make("td", {}, make("b", {}, one.predicate)), foreign("td", "", end(one.object))));
  return [make("h2", { say: "read_triples" }), make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))];
}

const end = (value) => (typeof value === "string" ? value : (value.text ?? JSON.stringify(value)));

// Classes, choices

function classes(found) {
  const chosen = new Set([found.label ?? found.choice].flat().map(String));
  const known = Object.entries(found.probabilities).sort((a, b) => b[1] - a[1]).slice(0, MOST_CLASSES);
  const rows = known.map(([name, probability]) =>
    make(
      "li",
      { className: chosen.has(name) ? "chosen" : "" },
      foreign("span", "class", name),
      bar(probability, "dense"),
      make("span", { className: "number" }, `${percent(probability)} %`),
    ),
  );
  const none = chosen.size ? null : make("p", { className: "none", say: "read_no_label" });
  return [make("h2", { say: found.choice ? "read_choice" : "read_label" }), ...(none ? [none] : []), make("ol", { className: "classes" }, ...rows)];
}

// Answers

function answers(found) {
  const none = make("p", { className: "none", say: ["ask_none", { p: percent(found.no_answer_probability) }] });
  const rows = found.answers.map((one) =>
    make("li", {}, foreign("span", "said", one.text), make("span", { className: "number" }, `${percent(one.probability)} %`)),
  );
  return [make("h2", { say: "ask_answers" }), ...(found.no_answer_probability > 0.5 ? [none] : []), make("ol", { className: "classes" }, ...rows)];
}
