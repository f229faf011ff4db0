// Places on the page: `#search?q=fever&mode=dense`. The part behind `#` stays in the browser, and pasted texts are never
// part of it.

// The place in the address bar: {tab, values}.
export function here() {
  const [tab, values = ""] = location.hash.slice(1).split(/\?(.*)/s);
  return { tab: tab || "search", values: Object.fromEntries(new URLSearchParams(values)) };
}

// A place as it is written behind `#`; values that are empty are left out.
export function place(tab, values = {}) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${tab}?${new URLSearchParams(given)}` : tab;
}

// Go to a place; the back button leads back. Gives false where one is there already.
export function go(tab, values = {}) {
  const before = location.hash;
  location.hash = place(tab, values);
  return location.hash !== before;
}
