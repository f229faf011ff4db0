// Choosing among documents by their metadata: a list for each key with few values, and an SQL condition for the rest.
import { at, make } from "./dom.js";
import { get } from "./server.js";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/; // of a key that SQL takes as a column

// The condition that the choices amount to, "" for none. Values are compared as text, whatever their type.
export function condition(choices, sql) {
  const chosen = Object.entries(choices).filter(([name, value]) => NAME.test(name) && value !== "");
  const equal = chosen.map(([name, value]) => `lower(CAST(${name} AS STRING)) = '${value.toLowerCase().replaceAll("'", "''")}'`);
  return [...equal, ...(sql.trim() ? [`(${sql.trim()})`] : [])].join(" AND ");
}

export class Filters {
  #choices = {};
  #sql = make("input", { id: "filter-sql", type: "text", maxLength: 500 });
  #opened = false;
  #changed;

  // `changed` is called when the reader has chosen, `failed` with what went wrong.
  constructor(changed, failed) {
    this.#changed = changed;
    this.box = at("filters");
    this.button = at("filter");
    this.button.addEventListener("click", () => this.open(this.box.hidden).catch(failed));
    this.box.addEventListener("change", changed);
  }

  // The choices as part of an address.
  values() {
    return { ...Object.fromEntries(Object.entries(this.#choices).map(([name, select]) => [`by.${name}`, select.value])), sql: this.#sql.value };
  }

  where() {
    return condition(Object.fromEntries(Object.entries(this.#choices).map(([name, select]) => [name, select.value])), this.#sql.value) || null;
  }

  // Make the choices those of an address.
  async restore(values) {
    const given = Object.keys(values).some((name) => name.startsWith("by.") || name === "sql");
    if (given) await this.open(true);
    for (const [name, select] of Object.entries(this.#choices)) select.value = values[`by.${name}`] ?? "";
    this.#sql.value = values.sql ?? "";
    this.button.classList.toggle("on", given);
  }

  async open(wanted) {
    this.box.hidden = !wanted;
    this.button.setAttribute("aria-expanded", String(wanted));
    if (!wanted || this.#opened) return;
    this.box.setAttribute("aria-busy", "true");
    const { metadata } = await get("/v1/map").finally(() => this.box.removeAttribute("aria-busy"));
    this.#opened = true;
    const keys = Object.keys(metadata).filter((name) => NAME.test(name));
    const choices = keys.length ? keys.map((name) => this.#choice(name, metadata[name])) : [make("p", { className: "hint", say: "filter_none" })];
    this.box.replaceChildren(...choices, this.#condition(), this.#clearing());
  }

  #choice(name, column) {
    const values = [...new Set(column.filter((value) => value !== null))].sort();
    const options = [make("option", { value: "", say: "filter_any" }), ...values.map((value) => make("option", { value }, value))];
    this.#choices[name] = make("select", { id: `filter-${name}` }, ...options);
    return make("label", { className: "choice" }, make("span", {}, name), this.#choices[name]);
  }

  #clearing() {
    const clear = () => {
      for (const field of [this.#sql, ...Object.values(this.#choices)]) field.value = "";
      this.#changed();
    };
    return make("button", { type: "button", className: "quiet", say: "filter_clear", on: { click: clear } });
  }

  #condition() {
    return make("label", { className: "choice wide" }, make("span", { say: "filter_sql" }), this.#sql);
  }
}
