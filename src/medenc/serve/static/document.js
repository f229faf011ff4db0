// A document, opened at a passage.
import { go, place } from "./address.js";
import { make, marked } from "./dom.js";
import { fact } from "./hit.js";
import { Panel } from "./panel.js";
import { get } from "./server.js";
import { languageOf } from "./text.js";

let panel;

export const documents = {
  start() {
    panel = new Panel("document");
  },

  async show({ id = "", start, end }) {
    panel.show();
    await panel.run(async (signal) => {
      const found = await get(`/v1/document/${encodeURIComponent(id)}`, signal);
      const span = [Number(start), Number(end)];
      panel.show(...shown(found, span[1] > span[0] ? [span] : []));
      panel.root.querySelector("h1").focus();
      panel.root.querySelector("mark")?.scrollIntoView({ block: "center" });
    });
  },
};

function shown(found, spans) {
  const back = make("button", { type: "button", className: "quiet", say: "document_back", on: { click: leave } });
  const like = make("a", { className: "quiet", say: "document_like", to: place("search", { q: found.title.slice(0, 500) }) });
  const name = found.title || found.id;
  const heading = make("h1", { id: "document-title", lang: languageOf(name), tabIndex: -1 }, name);
  const facts = [["id", found.id], ...Object.entries(found.metadata)].map(fact);
  const text = make("p", { className: "whole", lang: languageOf(found.text) }, ...marked(found.text, spans));
  return [make("div", { className: "row" }, back, found.title ? like : null), heading, make("p", { className: "facts" }, ...facts), text];
}

// Back to where the reader came from; who came by a link from elsewhere has not been on another tab yet.
const leave = () => (history.length > 1 ? history.back() : go("search"));
