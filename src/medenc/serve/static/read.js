// The tab Read: a note through any task model that is served.
import { at, make, unserved } from "./dom.js";
import { READ } from "./examples.js";
import { Panel } from "./panel.js";
import { shownPrediction } from "./prediction.js";
import { info, post } from "./server.js";

// What a task reads beside a text, by its name: [field of the request, field of this page].
const QUESTIONS = { extractive_qa: ["context", "question"], multiple_choice: ["context", "question", "options"] };
const PAIRS = ["classification", "multi_label", "regression"];

let panel;
let tasks = {};

export const read = {
  start() {
    panel = new Panel("read");
    at("read-form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
    at("read-model").addEventListener("change", showFields);
    at("read-example").addEventListener("click", fillExample);
  },

  async show() {
    await panel.run(prepare);
  },
};

async function prepare() {
  tasks = (await info()).tasks;
  const names = Object.keys(tasks);
  at("read-form").hidden = !names.length;
  if (!names.length) return panel.show(unserved("serve_task", "medenc serve INDEX --model NAME=TASK_MODEL"));
  if (at("read-model").options.length) return;
  at("read-model").append(...names.map((name) => make("option", { value: name }, `${name} · ${tasks[name].task}`)));
  showFields();
}

const task = () => tasks[at("read-model").value].task;

function showFields() {
  const kept = Object.fromEntries(fields().map((field) => [field.id, field.value]));
  const wanted = QUESTIONS[task()] ?? [];
  const parts = [labelled("read-text", "read_note", 8)];
  if (wanted.includes("question")) parts.push(labelled("read-question", "read_question", 2));
  if (wanted.includes("options")) parts.push(labelled("read-options", "read_options", 4));
  if (PAIRS.includes(task())) parts.push(labelled("read-pair", "read_pair", 2));
  at("read-fields").replaceChildren(...parts.flat());
  for (const field of fields()) field.value = kept[field.id] ?? "";
  panel.show();
}

const fields = () => [...at("read-fields").querySelectorAll("textarea")];
const labelled = (id, key, rows) => [make("label", { htmlFor: id, say: key }), make("textarea", { id, rows })];
const value = (id) => at(id)?.value.trim() ?? "";

function fillExample() {
  const examples = { "read-text": READ.text, "read-question": READ.question, "read-options": READ.options.join("\n") };
  for (const field of fields()) field.value = examples[field.id] ?? "";
}

// What the model is sent: the note as it was typed, since offsets count its characters.
function given() {
  const text = at("read-text").value;
  if (task() in QUESTIONS) {
    const options = value("read-options").split("\n").filter(Boolean);
    return { question: value("read-question"), context: text, ...(options.length ? { options } : {}) };
  }
  return value("read-pair") ? { text, pair: value("read-pair") } : text;
}

function submit() {
  const text = at("read-text").value;
  if (!text.trim()) return at("read-text").focus();
  return panel.run(async (signal) => {
    const name = encodeURIComponent(at("read-model").value);
    const { predictions } = await post(`/v1/predict/${name}`, { inputs: [given()] }, signal);
    panel.show(make("section", { className: "sheet", label: "read_found" }, ...shownPrediction(predictions[0], text)));
  });
}
