// Building the page. Text becomes text nodes and only listed properties can be set, so nothing that comes from outside
// is ever read as markup, as a script or as an address of another site.
import { languageOf, scripts, segments } from "./text.js";
import { speakIn } from "./words.js";

const PROPERTIES = new Set([
  "checked", "className", "colSpan", "disabled", "hidden", "htmlFor", "id", "lang", "maxLength", "name", "rows", "scope", "tabIndex", "type", "value",
]);
const WORDS_OF_OURS = new Set(["say", "label", "hint"]);
const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);

// An element. Beside its properties it takes `say`, `label` and `hint` (a key of our words, or [key, values]), `aria` and
// `data` (attributes of these kinds), `role`, `to` (a place on this page) and `on` (listeners).
export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) set(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function set(element, name, value) {
  if (PROPERTIES.has(name)) element[name] = value;
  else if (WORDS_OF_OURS.has(name)) speakIn(element, ...[value, {}].flat().slice(0, 2), name);
  else if (name === "aria") for (const [key, own] of Object.entries(value)) element.setAttribute(`aria-${key}`, own);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  else if (name === "role") element.setAttribute("role", value);
  else if (name === "to") element.setAttribute("href", `#${value}`);
  else throw new Error(`not a property that the page sets: ${name}`);
}

// An element of a picture, with attributes that are numbers or names of our own.
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Text of others, each part in the colour of its script.
export const coloured = (text) => scripts(text).map((run) => make("span", { className: run.script }, run.text));

// Text of others with some spans (in code points) marked.
export const marked = (text, spans) => segments(text, spans).map((part) => (part.marked ? make("mark", {}, part.text) : part.text));

// Text of others in an element that knows its language.
export const foreign = (tag, className, text) => make(tag, { className, lang: languageOf(text) }, text);

// A bar that is `share` (0 to 1) full.
export function bar(share, kind = "") {
  const fill = make("i");
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return make("span", { className: `track ${kind}`, aria: { hidden: "true" } }, fill);
}

// What is missing, and the command that would serve it.
export const unserved = (key, command) => make("p", { className: "unserved" }, make("span", { say: key }), " ", make("code", {}, command));

export const percent = (share) => Math.round(100 * share);
