// The tab Compare: one text against several, as a picture and a table.
import { at, bar, draw, foreign, make, unserved } from "./dom.js";
import { COMPARED } from "./examples.js";
import { Panel } from "./panel.js";
import { info, post } from "./server.js";
import { speakIn } from "./words.js";

const FIRST = 3; // texts to begin with
const WIDEST = 640; // the picture, in its own units; a narrower one keeps its letters as large
const MARGIN = 28;
const LINE = 26; // between two texts of the picture
const STEPS = 5; // of a scale without known ends, about

let panel, most;

const fields = () => [...at("compare-texts").querySelectorAll("textarea")];

export const compare = {
  start() {
    panel = new Panel("compare");
    at("compare-form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
    at("compare-add").addEventListener("click", () => add("").focus());
    at("compare-example").addEventListener("click", fillExample);
    for (let i = 0; i < FIRST; i++) add("");
  },

  async show() {
    await panel.run(prepare);
  },
};

async function prepare() {
  const { models, limits } = await info();
  most = limits.texts;
  const names = Object.keys(models);
  if (!names.length) return panel.show(unserved("serve_model", "medenc serve --model NAME=MODEL"));
  if (!at("compare-model").options.length) at("compare-model").append(...names.map((name) => make("option", { value: name }, name)));
  at("compare-model").parentElement.hidden = names.length < 2;
}

function add(text) {
  const field = make("textarea", { rows: 1, value: text });
  const remove = make("button", { type: "button", className: "round" }, "×");
  const item = make("li", {}, field, remove);
  remove.addEventListener("click", () => {
    item.remove();
    number();
    at("compare-add").focus();
  });
  at("compare-texts").append(item);
  number();
  return field;
}

function number() {
  const items = [...at("compare-texts").children];
  for (const [i, item] of items.entries()) {
    speakIn(item.querySelector("textarea"), "compare_one", { n: i + 1 }, "label");
    speakIn(item.querySelector("button"), "compare_remove", { n: i + 1 }, "label");
    item.querySelector("button").hidden = items.length < 2;
  }
  at("compare-add").disabled = items.length >= most;
}

function fillExample() {
  at("compare-query").value = COMPARED.query;
  at("compare-texts").replaceChildren();
  for (const text of COMPARED.texts) add(text);
}

function submit() {
  const query = at("compare-query").value.trim();
  const texts = fields().map((field, i) => ({ number: i + 1, text: field.value.trim() })).filter(({ text }) => text);
  if (!query || !texts.length) {
    panel.show();
    return panel.say("compare_unfilled");
  }
  return panel.run(async (signal) => {
    const model = at("compare-model").value;
    const sent = { query, texts: texts.map(({ text }) => text), model, on_overflow: "window" };
    showScores(texts, await post("/v1/similarity", sent, signal));
  });
}

function showScores(texts, { scores, similarity, usage }) {
  const ranked = texts.map((text, i) => ({ ...text, score: scores[i] })).sort((a, b) => b.score - a.score);
  const scale = axis(scores, similarity);
  panel.show(picture(ranked, scale), table(ranked, scale));
  panel.say("compare_used", { similarity, tokens: usage.total_tokens });
}

// The scale, in steps that people read easily: a cosine's has known ends, that of other similarities fits the scores.
function axis(scores, similarity) {
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  const step = similarity === "cosine" ? 0.25 : roundStep((most - least) / STEPS || 1);
  const low = Math.min(Math.floor(least / step) * step, similarity === "cosine" ? 0 : Infinity);
  const high = similarity === "cosine" ? 1 : Math.ceil(most / step) * step || low + step;
  return { low, high: high > low ? high : low + step, step };
}

// The least of 1, 2, 5, 10, … times a power of ten that is not below `size`.
function roundStep(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= size);
}

const share = (score, { low, high }) => (score - low) / (high - low);

function picture(ranked, scale) {
  const [width, height] = [Math.min(WIDEST, panel.root.clientWidth), LINE * (ranked.length + 1)];
  const across = (score) => MARGIN + share(score, scale) * (width - 2 * MARGIN);
  const ticks = Array.from({ length: Math.round((scale.high - scale.low) / scale.step) + 1 }, (_, i) => scale.low + i * scale.step);
  const grid = ticks.flatMap((tick) => [
    draw("line", { x1: across(tick), x2: across(tick), y1: 0, y2: height - LINE, class: "grid" }),
    draw("text", { x: across(tick), y: height - 6, class: "tick" }, tick.toFixed(2)),
  ]);
  const origin = across(Math.min(scale.high, Math.max(scale.low, 0)));
  const dots = ranked.flatMap(({ number: own, score }, i) => [
    draw("line", { x1: origin, x2: across(score), y1: LINE * (i + 0.5), y2: LINE * (i + 0.5), class: "stem" }),
    draw("circle", { cx: across(score), cy: LINE * (i + 0.5), r: 9, class: "dot" }),
    draw("text", { x: across(score), y: LINE * (i + 0.5) + 4, class: "dot-name" }, String(own)),
  ]);
  const image = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "scale" }, ...grid, ...dots);
  speakIn(image, "compare_picture", {}, "label");
  return make("figure", { className: "sheet" }, image);
}

function table(ranked, scale) {
  const rows = ranked.map(({ number: own, text, score }) =>
    make(
      "tr",
      {},
      make("td", { className: "rank" }, String(own)),
      foreign("td", "compared", text),
      make("td", { className: "measure" }, bar(share(score, scale), "dense")),
      make("td", { className: "number" }, score.toFixed(3)),
    ),
  );
  const head = [make("th", { scope: "col" }, "#"), make("th", { scope: "col", say: "text" }), make("td", { className: "measure" }), make("th", { scope: "col", className: "number", say: "score" })];
  return make("table", { className: "sheet", label: "compare_table" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}
