/**
 * What the console asks of the server, as whom. The key is kept for as long as the tab, and goes nowhere but into the
 * header of a request.
 */
const STORED = "comet_console";

let who = null;

/** Why something was not done. `status` is that of HTTP, 0 if nobody has answered; `details` of the error in SQL. */
export class Failed extends Error {
  constructor(message, status = 0, details = null) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

export const events = new EventTarget();

/** The number of the tenant that is signed in, 0 for root. */
export const tenant = () => who.tenant;

/** Whoever was signed in before this page was loaded anew. */
export function remembered() {
  try {
    const { tenant: number, key } = JSON.parse(sessionStorage.getItem(STORED));
    return Number.isInteger(number) && typeof key === "string" ? { tenant: number, key } : null;
  } catch {
    return null;
  }
}

function remember() {
  try {
    if (who) sessionStorage.setItem(STORED, JSON.stringify(who));
    else sessionStorage.removeItem(STORED);
  } catch {
    // Not for longer than this page, then.
  }
}

export async function signIn(name, key) {
  const word = name.trim().toLowerCase();
  if (word !== "root" && !/^[0-9]{1,9}$/.test(word)) throw new Failed("A tenant is root, or a number.");
  const before = who;
  who = { tenant: word === "root" ? 0 : Number(word), key };
  try {
    const [found] = await rows("SELECT @@hostname AS node, VERSION() AS version");
    remember();
    return found;
  } catch (error) {
    who = before;
    throw error;
  }
}

export function signOut(why = "") {
  who = null;
  remember();
  events.dispatchEvent(new CustomEvent("out", { detail: why }));
}

async function post(path, body, signal) {
  const asWhom = who;
  // Bytes that a header cannot have are in no key.
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(asWhom?.key ?? "")) throw new Failed("This is no key: it has letters, digits and signs.", 401);
  let answer;
  try {
    answer = await fetch(`/console/api/${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${asWhom.key}`,
        "Content-Type": "application/json",
        "X-Comet-Tenant": String(asWhom.tenant),
      },
      body: JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failed("The server does not answer.");
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => null);
    const message = told?.error?.message ?? `The server answers ${answer.status}.`;
    if (answer.status === 401 && asWhom === who && remembered()?.key === asWhom.key) signOut("The key does not count any more.");
    throw new Failed(message, answer.status, told?.error ?? null);
  }
  return answer;
}

/** What the statements of a text have given: `results`, and the `error` that the next one gave, if one did. */
export async function ask(statement) {
  return (await post("query", { statement })).json();
}

/** The rows of the last statement of a text, as objects. */
export async function rows(statement) {
  const { results, error } = await ask(statement);
  if (error) throw new Failed(error.message, 200, error);
  const { columns = [], rows: found = [] } = results[results.length - 1];
  return found.map((row) => Object.fromEntries(row.map((cell, place) => [columns[place].name, cell])));
}

/** A text as SQL writes it. */
export const quoted = (text) => `'${text.replace(/[\\']/g, "\\$&").replace(/\0/g, "\\0")}'`;

/** Listen to a channel until `signal`, or the end of the connection; each event of the JSON protocol is told. */
export async function listen(channel, tell, signal) {
  const answer = await post("tail", { channel }, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (held + value).split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data: "));
      if (data) tell(JSON.parse(data.slice(6)));
    }
  }
}
