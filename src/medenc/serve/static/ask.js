// The tab Ask: verbatim answers from the index, or from a text that is pasted here.
import { go, place } from "./address.js";
import { at, bar, foreign, make, marked, percent, unserved } from "./dom.js";
import { ASKED, QUERIES } from "./examples.js";
import { Panel } from "./panel.js";
import { get, info, post } from "./server.js";
import { excerpt, languageOf } from "./text.js";

const AROUND = 320; // code points of a document shown around an answer
const UNSURE = 0.5;

let panel;
let readers = []; // names of the models that read a text for answers

const inText = () => document.querySelector("input[name=ask-where]:checked").value === "pasted";

export const ask = {
  start() {
    panel = new Panel("ask");
    at("ask-form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
    at("ask-where").addEventListener("change", choosePlace);
    at("ask-example").addEventListener("click", fillExample);
    at("question").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), submit());
    });
  },

  async show(values) {
    await panel.visit(place("ask", values), (signal) => {
      if (!values.q) return prepare();
      at("question").value = values.q;
      document.querySelector("input[name=ask-where][value=index]").checked = true;
      choosePlace();
      return fromIndex(values.q, signal);
    });
  },
};

async function prepare() {
  const served = await info();
  readers = served.readers;
  if (!at("ask-reader").options.length) at("ask-reader").append(...readers.map((name) => make("option", { value: name }, name)));
  document.querySelector("input[name=ask-where][value=index]").disabled = !served.index;
  if (served.index) return served.index;
  document.querySelector("input[name=ask-where][value=pasted]").checked = true;
  choosePlace();
  panel.results.prepend(unserved("serve_index", "medenc serve INDEX"));
}

function choosePlace() {
  at("ask-pasted").hidden = !inText();
  at("ask-reader").parentElement.hidden = !inText() || readers.length < 2;
  panel.show(...(inText() && !readers.length ? [unserved("serve_reader", "medenc serve INDEX --model NAME=READER")] : []));
}

function fillExample() {
  at("question").value = inText() ? ASKED.question : QUERIES[0];
  at("ask-text").value = ASKED.text;
}

// A question to the index is part of the address; one about a pasted text is not, like the text itself.
function submit() {
  const question = at("question").value.trim();
  if (!question) return at("question").focus();
  if (inText()) return panel.run((signal) => fromText(question, at("ask-text").value, signal));
  const values = { q: question };
  if (go("ask", values)) return;
  panel.renew();
  ask.show(values);
}

async function fromIndex(question, signal) {
  if (!(await prepare())) return;
  const found = await post("/v1/ask", { question }, signal);
  const sources = await Promise.all(found.answers.map(({ id }) => get(`/v1/document/${encodeURIComponent(id)}`, signal)));
  showAnswers(found, (answer, i) => quoted(answer, sources[i]));
}

async function fromText(question, text, signal) {
  if (!readers.length) return choosePlace();
  if (!text.trim()) return at("ask-text").focus();
  const found = await post("/v1/ask", { question, text, reader: at("ask-reader").value }, signal);
  const whole = make("p", { className: "whole sheet", lang: languageOf(text) }, ...marked(text, likely(found).slice(0, 1).map(({ start, end }) => [start, end])));
  showAnswers(found, () => null);
  panel.results.append(whole);
}

const likely = (found) => (found.no_answer_probability > UNSURE ? [] : found.answers);

function showAnswers(found, context) {
  const none = make("p", { className: "none", say: ["ask_none", { p: percent(found.no_answer_probability) }] });
  const items = found.answers.map((answer, i) =>
    make(
      "li",
      { className: "answered" },
      foreign("p", "said", answer.text),
      make("p", { className: "sure" }, bar(answer.probability, "lexical"), make("span", { say: ["ask_sure", { p: percent(answer.probability) }] })),
      context(answer, i),
    ),
  );
  const list = make("ol", { className: "answers", label: "ask_answers" }, ...items);
  panel.show(...(likely(found).length ? [list] : [none, list]));
  list.classList.toggle("doubtful", !likely(found).length);
}

// The passage of a document around an answer, and the way to it.
function quoted(answer, source) {
  const span = [answer.start, answer.end];
  const part = excerpt(source.text, [span], AROUND);
  const name = source.title || source.id;
  return make(
    "div",
    { className: "context" },
    make("p", { className: "text", lang: languageOf(source.text) }, part.cutBefore ? "… " : "", ...marked(part.text, part.spans), part.cutAfter ? " …" : ""),
    make("a", { className: "source", lang: languageOf(name), to: place("document", { id: source.id, start: span[0], end: span[1] }) }, name),
  );
}
