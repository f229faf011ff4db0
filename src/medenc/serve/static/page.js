// The page: which tab is shown, in which language and light. Those two are the only things that it remembers.
import { here } from "./address.js";
import { ask } from "./ask.js";
import { compare } from "./compare.js";
import { at, make } from "./dom.js";
import { documents } from "./document.js";
import { map } from "./map.js";
import { numbers } from "./numbers.js";
import { read } from "./read.js";
import { search } from "./search.js";
import { info, useKey } from "./server.js";
import { terms } from "./terms.js";
import { preferred, say, speak } from "./words.js";

const TABS = { search, ask, compare, terms, read, map, numbers, document: documents };
const panel = (tab) => at(`tab-${tab}`);
const left = new Map(); // addresses that were left: how far they were scrolled, and what had the focus
let shown = null; // the tab in view
let address = null; // and its whole address

function show() {
  if (address !== null) left.set(address, { height: scrollY, focused: document.activeElement });
  const { tab, values } = here();
  const now = Object.hasOwn(TABS, tab) ? tab : "search";
  const arrived = shown !== now;
  [shown, address] = [now, location.hash];
  for (const name of Object.keys(TABS)) panel(name).hidden = name !== now;
  for (const link of at("tabs").children) link.setAttribute("aria-current", link.hash === `#${now}` ? "page" : "false");
  entitle();
  TABS[now].show(values);
  if (arrived) settle(left.get(address));
}

// Where a reader comes back to, everything is as it was left; a new place begins at its first field. A finger does not
// get it, since it would bring up a keyboard unasked.
function settle(known) {
  if (known?.focused.isConnected) known.focused.focus({ preventScroll: true });
  else if (!matchMedia("(pointer: coarse)").matches) field()?.focus();
  scrollTo(0, known?.height ?? 0);
}

function entitle() {
  document.title = shown === "document" ? "medenc" : `${say(`tab_${shown}`)} · medenc`;
}

// Language and light

function change(language) {
  speak(language);
  localStorage.setItem("language", language);
  entitle();
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  map.redraw();
}

// Keys that work everywhere

function onKey(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement.tagName);
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if ((event.key === "/" && !typing) || event.key === "Escape") focusField(event);
  else if (event.key in steps && move(steps[event.key])) event.preventDefault();
}

const field = () => panel(shown).querySelector("input[type=text], textarea");

function focusField(event) {
  if (!field()) return;
  event.preventDefault();
  field().focus();
  field().select();
}

// The search box and what was found are a list to walk through.
function move(step) {
  const places = [at("query"), ...document.querySelectorAll("#tab-search .title")];
  const now = places.indexOf(document.activeElement);
  if (now < 0) return false;
  places[Math.min(places.length - 1, Math.max(0, now + step))].focus();
  return true;
}

async function describe() {
  const { medenc, index } = await info();
  at("facts").replaceChildren(`medenc ${medenc}`);
  if (index) at("facts").append(" · ", make("span", { say: ["passages", { n: index.documents }] }));
}

function onSkip(event) {
  event.preventDefault();
  at("content").focus();
}

const theme = localStorage.getItem("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
speak(preferred());
at("languages").querySelector(`[value=${preferred()}]`).checked = true;
at("languages").addEventListener("change", (event) => change(event.target.value));
at("theme").addEventListener("click", toggleTheme);
at("skip").addEventListener("click", onSkip);
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(at("key").value.trim());
  at("key-form").hidden = true;
  describe().catch(() => {}); // the tab says what is wrong
  show();
});
document.addEventListener("keydown", onKey);
history.scrollRestoration = "manual";
addEventListener("hashchange", show);
for (const tab of Object.values(TABS)) tab.start();
show();
describe().catch(() => {});
