/** The command line: statements, those before them, what may come next, and the answers. */
import { Failed, ask, rows } from "./console_server.js";
import { button, element, milliseconds, part, several, table } from "./console_parts.js";

const HISTORY = "comet_console_history";
const HISTORY_SIZE = 200;
const ANSWERS = 40;
const OFFERS = 8;
/** What these tables hold are keys: statements about them are not kept. */
const SECRET = /users_auth|dev_config|revoked_tokens|password/i;
const WORDS = (
  "SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE SHOW TABLES STATUS GLOBAL PROCESSLIST DESCRIBE EXPLAIN KILL " +
  "ORDER GROUP BY DESC LIMIT AND OR NOT IN LIKE BETWEEN IS NULL AS JOIN ON COUNT DISTINCT BEGIN COMMIT ROLLBACK"
).split(" ");

// What was said before ----------------------------------------------------------------------------------------------

let history = [];
let place = 0;
let draft = "";

function recall() {
  try {
    const found = JSON.parse(localStorage.getItem(HISTORY));
    history = Array.isArray(found) ? found.filter((text) => typeof text === "string").slice(-HISTORY_SIZE) : [];
  } catch {
    history = [];
  }
  place = history.length;
}

function keep(text) {
  if (!SECRET.test(text)) {
    history = [...history.filter((each) => each !== text), text].slice(-HISTORY_SIZE);
    try {
      localStorage.setItem(HISTORY, JSON.stringify(history));
    } catch {
      // Not for longer than this page, then.
    }
  }
  place = history.length;
  draft = "";
}

function forget() {
  history = [];
  place = 0;
  try {
    localStorage.removeItem(HISTORY);
  } catch {
    // There was none.
  }
  part("statement").focus();
}

/** Go to another statement, if there is one. */
function walk(step) {
  const next = place + step;
  if (next < 0 || next > history.length) return false;
  if (place === history.length) draft = part("statement").value;
  place = next;
  write(place === history.length ? draft : history[place]);
  return true;
}

function write(text, caret = text.length) {
  const input = part("statement");
  input.value = text;
  input.setSelectionRange(caret, caret);
  fit();
}

function fit() {
  const input = part("statement");
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, 240)}px`;
}

// What may come next ------------------------------------------------------------------------------------------------

let columns = [];
let offered = [];
let chosen = 0;
let hasWalked = false;

/** Learn the tables and columns, as the server declares them. */
async function learn() {
  const found = await rows(
    "SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'CometQL_v1'",
  );
  columns = found.map(({ t, c }) => ({ table: t, column: c }));
}

/** What could stand where the caret is: tables behind FROM and the like, columns of the tables that are named, words. */
function candidates(text, caret) {
  const [word] = /[A-Za-z0-9_]*$/.exec(text.slice(0, caret));
  if (!word) return { word, found: [] };
  const before = text.slice(0, caret - word.length);
  const tables = [...new Set(columns.map(({ table: name }) => name))];
  const named = tables.filter((name) => new RegExp(`\\b${name}\\b`, "i").test(text));
  const wantsTable = /\b(from|into|update|join|describe|desc|table)\s+$/i.test(before);
  const ofTables = columns.filter(({ table: name }) => !named.length || named.includes(name)).map(({ column }) => column);
  const pool = wantsTable ? tables : [...WORDS, ...ofTables, ...tables];
  const start = word.toLowerCase();
  const fits = (name) => name.toLowerCase().startsWith(start) && name.toLowerCase() !== start;
  return { word, found: [...new Set(pool.filter(fits))].slice(0, OFFERS) };
}

function offer() {
  const input = part("statement");
  const isPlain = input.selectionStart === input.selectionEnd;
  offered = isPlain ? candidates(input.value, input.selectionStart).found : [];
  chosen = 0;
  hasWalked = false;
  showOffers();
}

function showOffers() {
  const list = part("offers");
  list.hidden = !offered.length;
  list.replaceChildren(
    ...offered.map((name, number) => {
      const item = element("li", "", name);
      item.id = `offer-${number}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(number === chosen));
      // Before the field loses the focus.
      item.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        take(number);
      });
      return item;
    }),
  );
  if (offered.length) part("statement").setAttribute("aria-activedescendant", `offer-${chosen}`);
  else part("statement").removeAttribute("aria-activedescendant");
}

function dismiss() {
  offered = [];
  showOffers();
}

function take(number) {
  const input = part("statement");
  const caret = input.selectionStart;
  const { word } = candidates(input.value, caret);
  const start = caret - word.length;
  const name = offered[number];
  write(`${input.value.slice(0, start)}${name} ${input.value.slice(caret).replace(/^ /, "")}`, start + name.length + 1);
  dismiss();
}

// The answers -------------------------------------------------------------------------------------------------------

function outcome(result) {
  const took = milliseconds(result.seconds);
  if (!result.columns) {
    const { affected, info, warnings } = result;
    const more = [info, warnings ? several(warnings, "warning") : ""].filter(Boolean).join(", ");
    return [element("p", "good", `OK, ${several(affected, "row")} affected${more ? `, ${more}` : ""} · ${took}`)];
  }
  const { columns: names, rows: found, more } = result;
  const count = more ? `the first ${several(found.length, "row")}, and more` : several(found.length, "row");
  return [...(found.length ? [table(names, found)] : []), element("p", "soft", `${count} · ${took}`)];
}

export function refusal(error) {
  const told = error.details ?? error;
  if (told.number === undefined) return element("p", "error", error.message);
  const state = told.sqlstate ? ` (${told.sqlstate})` : "";
  return element("p", "error", `ERROR ${told.number}${state}: [${told.code}] ${told.message}`);
}

let running = false;

async function run() {
  const text = part("statement").value.trim();
  if (!text || running) return;
  running = true;
  dismiss();
  keep(text);
  write("");
  const said = button(text, () => (write(text), part("statement").focus()), "said");
  said.title = "Write it again";
  const shown = element("article", "card answer", said, element("p", "soft", "…"));
  const all = part("answers");
  all.prepend(shown);
  while (all.children.length > ANSWERS) all.lastChild.remove();
  try {
    const { results, error } = await ask(text);
    shown.replaceChildren(said, ...results.flatMap(outcome), ...(error ? [refusal(error)] : []));
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    shown.replaceChildren(said, refusal(error));
  } finally {
    running = false;
  }
}

function pressed(event) {
  const input = part("statement");
  const isPlain = !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing);
  const act = () => event.preventDefault();
  if (event.key === "l" && event.ctrlKey) {
    act();
    part("answers").replaceChildren();
  } else if (!isPlain) {
    return;
  } else if (offered.length && event.key === "Tab") {
    act();
    take(chosen);
  } else if (offered.length && event.key === "Escape") {
    act();
    event.stopPropagation();
    dismiss();
  } else if (offered.length && (event.key === "ArrowDown" || (event.key === "ArrowUp" && hasWalked))) {
    act();
    hasWalked = true;
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
    showOffers();
  } else if (event.key === "Enter") {
    act();
    if (hasWalked && offered.length) take(chosen);
    else run();
  } else if (event.key === "ArrowUp" && !input.value.slice(0, input.selectionStart).includes("\n")) {
    act();
    dismiss();
    walk(-1);
  } else if (event.key === "ArrowDown" && !input.value.slice(input.selectionEnd).includes("\n")) {
    act();
    walk(1);
  }
}

export const view = {
  begin() {
    recall();
    const input = part("statement");
    part("prompt").addEventListener("submit", (event) => {
      event.preventDefault();
      run();
    });
    input.addEventListener("keydown", pressed);
    input.addEventListener("input", () => {
      fit();
      offer();
    });
    input.addEventListener("blur", dismiss);
    part("forget").addEventListener("click", forget);
  },

  show() {
    part("statement").focus();
    fit();
    // If that fails, it completes words alone.
    if (!columns.length) learn().then(() => document.activeElement === part("statement") && offer(), () => {});
  },

  hide() {},

  clear() {
    part("answers").replaceChildren();
    write("");
    columns = [];
  },
};
