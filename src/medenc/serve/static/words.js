// What the page says, in its three languages. Whatever shows words of ours carries their key, so that switching the
// language rewrites the page in place: typed text, results and the place that was scrolled to stay.
import en from "./words_en.js";
import ko from "./words_ko.js";
import zh from "./words_zh.js";

export const WORDS = { ko, zh, en };

export const spoken = () => document.documentElement.lang;

// The words of a key in the language of the page.
export function say(key, values = {}) {
  const words = WORDS[spoken()];
  const chosen = values.n === 1 && `${key}_one` in words ? `${key}_one` : key;
  return words[chosen].replace(/\{(\w+)\}/g, (_, name) => shown(values[name]));
}

const shown = (value) => (typeof value === "number" ? value.toLocaleString(spoken()) : String(value));

// Show words of a key in an element, now and whenever the language changes.
export function speakIn(element, key, values = {}, place = "say") {
  element.dataset[place] = key;
  element.dataset[`${place}Values`] = JSON.stringify(values);
  SHOW[place](element, say(key, values));
}

const SHOW = {
  say: (element, words) => (element.textContent = words),
  label: (element, words) => element.setAttribute("aria-label", words),
  hint: (element, words) => (element.placeholder = words),
};

// Change the language of the page.
export function speak(language) {
  document.documentElement.lang = language;
  for (const place of Object.keys(SHOW)) {
    for (const element of document.querySelectorAll(`[data-${place}]`)) {
      const values = JSON.parse(element.dataset[`${place}Values`] ?? "{}");
      SHOW[place](element, say(element.dataset[place], values));
    }
  }
}

// The language of the page's last visit, or the first of the browser's that it knows.
export function preferred() {
  const known = [localStorage.getItem("language"), ...navigator.languages.map((name) => name.slice(0, 2))];
  return known.find((name) => Object.hasOwn(WORDS, name)) ?? "en";
}
