// What every tab has: its section of the page, a place for results, a status line that is read aloud, and the problem,
// if there is one. A new request takes the place of the one under way.
import { at, make } from "./dom.js";
import { Problem } from "./server.js";
import { speakIn } from "./words.js";

const EXPLAINED = ["full", "too_slow", "too_long", "bad_filter", "no_such_document", "wrong_role"];

export class Panel {
  #request = null;
  #visited = null;

  constructor(name) {
    this.root = at(`tab-${name}`);
    this.status = this.root.querySelector(".status") ?? make("p", { className: "status", role: "status" });
    this.problem = make("div", { className: "problem", role: "alert", hidden: true });
    this.results = make("div", { className: "results" });
    this.root.append(...[this.status, this.problem, this.results].filter((part) => !this.root.contains(part)));
  }

  // Run an action, which gets an AbortSignal, and show what becomes of it. Gives false when it did not end.
  async run(action) {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    this.problem.hidden = true;
    this.say("working");
    this.root.setAttribute("aria-busy", "true");
    try {
      await action(signal);
    } catch (error) {
      if (signal.aborted) return false;
      this.fail(error);
      return false;
    } finally {
      if (!signal.aborted) this.root.removeAttribute("aria-busy");
    }
    if (this.status.dataset.say === "working") this.quiet();
    return true;
  }

  // Run an action for an address, unless its results are in view already.
  async visit(address, action) {
    if (address === this.#visited) return;
    this.#visited = address;
    const done = await this.run(action);
    if (!done && this.#visited === address) this.#visited = null;
  }

  // Forget which address is in view: the next visit runs anew.
  renew() {
    this.#visited = null;
  }

  // Show results in place of those before.
  show(...parts) {
    this.results.replaceChildren(...parts);
  }

  say(key, values = {}) {
    speakIn(this.status, key, values);
  }

  quiet() {
    delete this.status.dataset.say;
    this.status.textContent = "";
  }

  fail(error) {
    if (!(error instanceof Problem)) throw error;
    this.quiet();
    this.show();
    if (error.code === "no_key") return askForKey();
    this.problem.replaceChildren(...explained(error));
    this.problem.hidden = false;
  }
}

function explained(error) {
  if (error.code === "unreachable") return [make("p", { say: "unreachable" })];
  const key = EXPLAINED.includes(error.code) ? `problem_${error.code}` : "refused";
  return [make("p", { say: key }), make("p", { lang: "en" }, error.message)];
}

function askForKey() {
  at("key-form").hidden = false;
  at("key").focus();
}
