// The tab Terms: mentions to concepts, each with its names in the three languages.
import { go, place } from "./address.js";
import { at, bar, foreign, make, percent, unserved } from "./dom.js";
import { MENTIONS } from "./examples.js";
import { Panel } from "./panel.js";
import { info, post } from "./server.js";

const TOP = 5;
const DOUBTFUL = 0.5;
const LANGUAGES = ["ko", "zh", "en"];

let panel;

const mentions = () => at("mentions").value.split("\n").map((line) => line.trim()).filter(Boolean);

export const terms = {
  start() {
    panel = new Panel("terms");
    at("terms-form").addEventListener("submit", (event) => (event.preventDefault(), submit()));
    at("terms-example").addEventListener("click", () => (at("mentions").value = MENTIONS.join("\n")));
  },

  async show(values) {
    if (values.q) at("mentions").value = values.q;
    await panel.visit(place("terms", values), (signal) => fill(values.q, signal));
  },
};

function submit() {
  if (!mentions().length) return at("mentions").focus();
  const values = { q: mentions().join("\n") };
  if (go("terms", values)) return;
  panel.renew();
  terms.show(values);
}

async function fill(asked, signal) {
  const { dictionary } = await info();
  if (!dictionary) return panel.show(unserved("serve_terms", "medenc serve INDEX --terms DICTIONARY"));
  if (!asked) return panel.show();
  const { links } = await post("/v1/link", { mentions: mentions(), top: TOP }, signal);
  panel.show(make("ol", { className: "links", label: "terms_found" }, ...links.map(linked)));
}

function linked({ mention, candidates, none_probability: none }) {
  const [best, ...others] = candidates;
  const parts = [foreign("h2", "mention", mention)];
  if (none > DOUBTFUL && best) parts.push(make("p", { className: "none", say: ["terms_abstain", { p: percent(none) }] }));
  parts.push(best ? concept(best) : make("p", { className: "none", say: "terms_none" }));
  if (others.length) {
    const rest = make("summary", { say: ["terms_more", { n: others.length }] });
    parts.push(make("details", {}, rest, ...others.map(concept)));
  }
  return make("li", { className: "sheet" }, ...parts);
}

function concept(candidate) {
  const head = make(
    "p",
    { className: "concept-head" },
    make("code", {}, candidate.concept_id),
    make("span", { className: "how", say: `how_${candidate.how}` }),
    bar(candidate.score, "lexical"),
    make("span", { className: "number" }, candidate.score.toFixed(2)),
  );
  const known = LANGUAGES.map((language) => [language, names(candidate, (own) => own === language)]);
  const rest = ["other_language", names(candidate, (own) => !LANGUAGES.includes(own))];
  const groups = [...known, rest].filter(([, found]) => found.length);
  return make("div", { className: "concept" }, head, make("dl", { className: "names" }, ...groups.map((group) => named(candidate, group))));
}

const names = ({ names: all }, wanted) => [...new Set(all.filter(({ language }) => wanted(language)).map(({ term }) => term))];

function named(candidate, [language, found]) {
  const items = found.map((term) => foreign("li", term === candidate.term ? "found" : "", term));
  return make("div", {}, make("dt", { className: `chip ${language}`, say: language }), make("dd", {}, make("ul", {}, ...items)));
}
