// The tab Search: a query, its hits in one way of searching or three beside each other, and the answer if it asks one.
import { go, place } from "./address.js";
import { at, coloured, foreign, make, percent, unserved } from "./dom.js";
import { QUERIES } from "./examples.js";
import { Filters } from "./filters.js";
import { fullest, hitItem, shortItem } from "./hit.js";
import { Panel } from "./panel.js";
import { info, post } from "./server.js";
import { isQuestion, languageOf } from "./text.js";

const TOP = 10;
const UNSURE = 0.5; // above this probability of "no answer" the page shows none
const BESIDE = "beside";
const COLUMNS = ["hybrid", "lexical", "dense"];

let panel, filters;

const query = () => at("query");
const chosen = () => document.querySelector("input[name=mode]:checked").value;

export const search = {
  start() {
    panel = new Panel("search");
    filters = new Filters(submit, (error) => panel.fail(error));
    at("search-form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
    at("modes").addEventListener("change", submit);
    query().addEventListener("input", mirror);
    query().addEventListener("scroll", mirror);
    at("examples").append(...QUERIES.map(example));
  },

  async show(values) {
    await panel.visit(place("search", values), (signal) => {
      query().value = values.q ?? "";
      mirror();
      at("welcome").hidden = Boolean(values.q);
      panel.show();
      return values.q ? fill(values, signal) : prepare();
    });
  },
};

// What the server can do decides which ways of searching there are.
async function prepare() {
  const { index } = await info();
  if (!index) return panel.show(unserved("serve_index", "medenc serve INDEX"));
  for (const choice of document.querySelectorAll("input[name=mode]")) {
    choice.disabled = !(index.modes.includes(choice.value) || (choice.value === BESIDE && index.modes.length > 1));
  }
  if (document.querySelector("input[name=mode]:checked").disabled) document.querySelector("input[name=mode]:not(:disabled)").checked = true;
  return index;
}

function submit() {
  const text = query().value.trim();
  if (!text) return query().focus();
  const values = { q: text, mode: chosen(), ...filters.values() };
  if (go("search", values)) return;
  panel.renew();
  search.show(values);
}

async function fill(values, signal) {
  const index = await prepare();
  if (!index) return;
  const mode = document.querySelector(`input[name=mode][value="${CSS.escape(values.mode ?? "")}"]:not(:disabled)`);
  if (mode) mode.checked = true;
  await filters.restore(values);
  const wanted = { query: values.q, top: TOP, where: filters.where() };
  if (chosen() === BESIDE) return showBeside(await beside(wanted, index.modes, signal));
  const found = await post("/v1/search", { ...wanted, mode: chosen() }, signal);
  showHits(found);
  if (found.hits.length && isQuestion(values.q)) await answer(values.q, found, signal);
}

const beside = (wanted, modes, signal) =>
  Promise.all(COLUMNS.filter((mode) => modes.includes(mode)).map((mode) => post("/v1/search", { ...wanted, mode }, signal)));

// Results

function showHits(found) {
  const full = fullest(found.hits);
  const hits = make("ol", { id: "hits", label: "hits" }, ...found.hits.map((hit) => hitItem(hit, full)));
  panel.show(found.hits.length ? hits : nothing());
  sayFound(found.hits.length, found.timing_ms.total);
}

function showBeside(answers) {
  const ranks = answers.map((found) => new Map(found.hits.map((hit) => [hit.id, hit.rank])));
  const standing = (id, own) => Object.fromEntries(answers.flatMap((other, i) => (i === own ? [] : [[other.mode, ranks[i].get(id) ?? null]])));
  const columns = answers.map((found, own) =>
    make(
      "section",
      { className: `column ${found.mode}` },
      make("h2", { say: found.mode }),
      found.hits.length ? make("ol", {}, ...found.hits.map((hit) => shortItem(hit, standing(hit.id, own)))) : nothing(),
    ),
  );
  panel.show(make("div", { className: "columns" }, ...columns));
  const all = new Set(answers.flatMap((found) => found.hits.map((hit) => hit.id)));
  sayFound(all.size, Math.max(...answers.map((found) => found.timing_ms.total)));
}

const nothing = () => make("p", { className: "nothing", say: "nothing" });
const sayFound = (n, time) => panel.say("found", { n, ms: time.toFixed(time < 10 ? 1 : 0) });

async function answer(text, found, signal) {
  const given = await post("/v1/ask", { question: text }, signal);
  const best = given.answers[0];
  const box = make("section", { id: "answer", className: "answer" }, make("h2", { say: "answer" }));
  if (best && given.no_answer_probability <= UNSURE) box.append(foreign("p", "said", best.text), source(best, found));
  else {
    box.classList.add("none");
    box.append(make("p", { say: "no_answer" }));
  }
  panel.results.prepend(box);
}

function source(best, found) {
  const title = found.hits.find((hit) => hit.id === best.id)?.title || best.id;
  const link = make("a", { className: "source", lang: languageOf(title), to: place("document", { id: best.id, start: best.start, end: best.end }) }, title);
  const sure = make("span", { className: "sure", say: ["ask_sure", { p: percent(best.probability) }] });
  return make("p", { className: "from" }, link, sure);
}

// The query in the colours of its scripts, drawn under the transparent text of the input.
function mirror() {
  at("mirror").replaceChildren(...coloured(query().value));
  at("mirror").style.transform = `translateX(${-query().scrollLeft}px)`;
}

function example(text) {
  const button = make("button", { type: "button", lang: languageOf(text) }, ...coloured(text));
  button.addEventListener("click", () => {
    query().value = text;
    mirror();
    submit();
  });
  return make("li", {}, button);
}
