// What the page asks of its server.

let key = null; // of this window only

export const useKey = (given) => (key = given);

// A refusal or failure that the page shows; `code` is the server's, or "unreachable".
export class Problem extends Error {
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

export const get = (path, signal) => ask(path, { signal });

export const post = (path, body, signal) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

let described = null;

// What the server has, asked for once.
export function info() {
  described ??= get("/v1/info").catch((error) => {
    described = null;
    throw error;
  });
  return described;
}

async function ask(path, request) {
  const headers = key === null ? request.headers : { ...request.headers, authorization: `Bearer ${key}` };
  let response, content;
  try {
    response = await fetch(path, { ...request, headers });
    content = await response.json();
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new Problem("unreachable");
  }
  if (!response.ok) throw new Problem(content.error.code, content.error.message);
  return content;
}
