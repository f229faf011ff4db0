import { excerpt, isQuestion, languageOf, scripts, segments } from "./text.js";
import { EXAMPLES, WORDS } from "./words.js";

const TOP = 10;
const EXCERPT_LENGTH = 220; // code points
const UNSURE = 0.5; // above this probability of "no answer" the page shows none

const at = (id) => document.getElementById(id);
const say = (key) => WORDS[document.documentElement.lang][key];
const query = at("query");

let request = null; // the AbortController of the search under way
let facts = null; // what the server has: the answer of /v1/info
let shown = null; // the last answer of /v1/search, to be shown again in another language

// An element with properties and children; strings become text nodes, so nothing from outside is ever read as markup.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const coloured = (text) => scripts(text).map((run) => make("span", { className: run.script }, run.text));
const marked = (text, spans) => segments(text, spans).map((part) => (part.marked ? make("mark", {}, part.text) : part.text));
const languageIn = (hit) => (["ko", "zh", "en"].includes(hit.metadata.language) ? hit.metadata.language : languageOf(hit.text));

async function send(path, body, signal) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const content = await response.json();
  if (!response.ok) throw Object.assign(new Error(content.error.message), { served: true });
  return content;
}

// Searching

async function search() {
  const text = query.value.trim();
  if (!text) return query.focus();
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  clear();
  at("status").textContent = say("searching");
  try {
    showHits(await send("/v1/search", { query: text, top: TOP, mode: chosenMode() }, signal));
  } catch (error) {
    if (!signal.aborted) showProblem(error);
    return;
  }
  if (shown.hits.length) await ask(text, signal);
}

async function ask(text, signal) {
  try {
    showAnswer(await send("/v1/ask", { question: text }, signal));
  } catch (error) {
    if (!signal.aborted && isQuestion(text)) showAnswerText(say("answer_failed"));
  }
}

// Until the page knows what the index can do, the server takes the best mode that there is.
const chosenMode = () => (facts ? document.querySelector("input[name=mode]:checked").value : null);

function clear() {
  shown = null;
  at("hits").replaceChildren();
  for (const id of ["problem", "welcome", "answer", "nothing"]) at(id).hidden = true;
}

function showProblem(error) {
  at("status").textContent = "";
  const lines = error.served ? [say("refused"), error.message] : [say("unreachable")];
  at("problem").replaceChildren(...lines.map((line) => make("p", {}, line)));
  at("problem").hidden = false;
}

// Hits

function showHits(answer) {
  shown = answer;
  const best = { lexical: highest(answer.hits, "lexical"), dense: highest(answer.hits, "dense") };
  at("hits").replaceChildren(...answer.hits.map((hit) => hitItem(hit, best)));
  at("nothing").hidden = answer.hits.length > 0;
  showStatus();
}

function showStatus() {
  if (!shown) return;
  const time = shown.timing_ms.total;
  at("status").textContent = say("found")(shown.hits.length, time === undefined ? "" : ` · ${time.toFixed(time < 10 ? 1 : 0)} ms`);
}

const highest = (hits, part) => Math.max(0, ...hits.map((hit) => hit.parts[part] ?? 0));

function hitItem(hit, best) {
  const language = languageIn(hit);
  const text = make("p", { className: "text", lang: language });
  const details = make("dl", { className: "details", hidden: true }, ...metadata(hit));
  const title = make("button", { type: "button", className: "title", lang: languageOf(hit.title) }, hit.title || hit.id);
  const open = (whole) => {
    title.setAttribute("aria-expanded", String(whole));
    details.hidden = !whole;
    text.replaceChildren(...(whole ? marked(hit.text, hit.highlights) : clipped(hit)));
  };
  title.addEventListener("click", () => open(details.hidden));
  open(false);
  const body = make("div", { className: "body" }, make("h2", {}, title), text, details);
  const chip = make("span", { className: `chip ${language}` }, say(language));
  const parts = make("div", { className: "parts" }, chip, bar("lexical", hit, best), bar("dense", hit, best));
  const item = make("li", { className: "hit" }, make("span", { className: "rank" }, String(hit.rank)), body, parts);
  item.dataset.id = hit.id;
  return item;
}

function clipped(hit) {
  const part = excerpt(hit.text, hit.highlights, EXCERPT_LENGTH);
  return [part.cutBefore ? "… " : "", ...marked(part.text, part.spans), part.cutAfter ? " …" : ""];
}

function metadata(hit) {
  const rows = [["id", hit.id], ["score", hit.score.toPrecision(4)], ...Object.entries(hit.metadata)];
  return rows.flatMap(([name, value]) => [
    make("dt", {}, name),
    make("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
  ]);
}

function bar(part, hit, best) {
  const value = hit.parts[part];
  const fill = make("i");
  fill.style.width = value > 0 ? `${(100 * value) / best[part]}%` : "0";
  const number = value === null ? "–" : value.toFixed(part === "dense" ? 3 : 2);
  return make(
    "div",
    { className: `part ${part}${value === null ? " absent" : ""}` },
    make("span", { className: "label" }, say(part)),
    make("span", { className: "track", ariaHidden: "true" }, fill),
    make("span", { className: "number" }, number),
  );
}

// Answers

function showAnswer(answer) {
  const best = answer.answers[0];
  if (best && answer.no_answer_probability <= UNSURE) {
    const source = shown.hits.find((hit) => hit.id === best.id);
    showAnswerText(best.text, [sourceLink(best, source), make("span", { className: "sure" }, `${Math.round(100 * best.probability)} %`)]);
  } else if (isQuestion(answer.question)) {
    showAnswerText(say("no_answer"));
  }
}

function sourceLink(span, hit) {
  if (!hit) return make("span", {}, span.id);
  const link = make("button", { type: "button", className: "source", lang: languageOf(hit.title) }, hit.title || hit.id);
  link.addEventListener("click", () => titles()[shown.hits.indexOf(hit)].focus());
  return link;
}

function showAnswerText(text, about = []) {
  at("answer").classList.toggle("none", about.length === 0);
  at("answer-body").replaceChildren(make("p", { lang: languageOf(text) }, text), make("p", { className: "about" }, ...about));
  at("answer").hidden = false;
}

// Keys

const titles = () => [...document.querySelectorAll("#hits .title")];

function move(step) {
  const places = [query, ...titles()];
  const now = places.indexOf(document.activeElement);
  if (now < 0) return false;
  places[Math.min(places.length - 1, Math.max(0, now + step))].focus();
  return true;
}

function onKey(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) focusQuery(event);
  else if (event.key === "Escape") focusQuery(event);
  else if (event.key in steps && move(steps[event.key])) event.preventDefault();
}

function focusQuery(event) {
  event.preventDefault();
  query.focus();
  query.select();
}

// The query in the colours of its scripts, drawn under the transparent text of the input

function mirror() {
  at("mirror").replaceChildren(...coloured(query.value));
  at("mirror").style.transform = `translateX(${-query.scrollLeft}px)`;
}

// Language and theme of the page: the only things it remembers

function speak(language) {
  document.documentElement.lang = language;
  localStorage.setItem("language", language);
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = say(element.dataset.label);
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
  document.querySelector(`input[name=language][value=${language}]`).checked = true;
  showFacts();
  if (shown) showHits(shown);
}

function preferredLanguage() {
  const known = [localStorage.getItem("language"), ...navigator.languages.map((name) => name.slice(0, 2))];
  return known.find((name) => name in WORDS) ?? "en";
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = getComputedStyle(root).getPropertyValue("color-scheme").trim() === "dark";
  const now = dark || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = now ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

// What the server has

async function readFacts() {
  facts = await (await fetch("/v1/info")).json();
  if (!facts.index) {
    at("problem").replaceChildren(make("p", {}, say("no_index")));
    at("problem").hidden = false;
    return;
  }
  for (const choice of document.querySelectorAll("input[name=mode]")) choice.disabled = !facts.index.modes.includes(choice.value);
  document.querySelector("input[name=mode]:not(:disabled)").checked = true;
  showFacts();
}

function showFacts() {
  if (facts?.index) at("facts").textContent = `medenc ${facts.medenc} · ${say("passages")(facts.index.documents)}`;
}

function showExamples() {
  const items = EXAMPLES.map((text) => {
    const button = make("button", { type: "button", lang: languageOf(text) }, ...coloured(text));
    button.addEventListener("click", () => {
      query.value = text;
      mirror();
      search();
    });
    return make("li", {}, button);
  });
  at("examples").replaceChildren(...items);
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
speak(preferredLanguage());
showExamples();
at("search").addEventListener("submit", (event) => (event.preventDefault(), search()));
at("modes").addEventListener("change", () => query.value.trim() && search());
at("languages").addEventListener("change", (event) => speak(event.target.value));
at("theme").addEventListener("click", toggleTheme);
query.addEventListener("input", mirror);
query.addEventListener("scroll", mirror);
document.addEventListener("keydown", onKey);
query.focus();
readFacts().catch(showProblem);
