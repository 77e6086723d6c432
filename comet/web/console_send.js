/** A message by hand: who would get it, and off it goes. */
import { ask, quoted, rows } from "./console_server.js";
import { element, facts, number, part } from "./console_parts.js";
import { refusal } from "./console_sql.js";

const PAUSE = 300;

let timer = null;
let asked = 0;

const toUser = () => document.querySelector("input[name=to]:checked").value === "user";

/** The statement that sends what the form has. */
function statement() {
  const to = part("to").value.trim();
  const [table, key] = toUser() ? ["users_messages", "id"] : ["pipes_messages", "name"];
  const said = [to, part("event").value.trim(), part("text").value].map(quoted);
  return `INSERT INTO ${table} (${key}, event, message) VALUES (${said.join(", ")})`;
}

async function explain() {
  clearTimeout(timer);
  asked += 1;
  const mine = asked;
  if (!part("to").value.trim()) {
    facts(part("outlook"), [["to", "nobody yet"]]);
    return;
  }
  try {
    const [found] = await rows(`EXPLAIN ${statement()}`);
    if (mine === asked) show(found);
  } catch (error) {
    if (mine === asked) part("outlook").replaceChildren(refusal(error));
  }
}

function show({ receivers, transports, queued, stored, refused }) {
  facts(part("outlook"), [
    ["receivers", number(receivers)],
    ["by", transports || "–"],
    ["queued", queued ? "until the user comes" : "no"],
    ["kept", stored ? "in the history of the channel" : "no"],
    ...(refused ? [["refused", element("span", "error", refused)]] : []),
  ]);
}

async function send() {
  const said = statement();
  await explain();
  try {
    const { error } = await ask(said);
    const outcome = error ? refusal(error) : element("span", "good", `Sent at ${new Date().toLocaleTimeString()}.`);
    part("sent").replaceChildren(outcome);
  } catch (error) {
    part("sent").replaceChildren(refusal(error));
  }
}

export const view = {
  begin() {
    part("message").addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    part("message").addEventListener("input", () => {
      part("to").placeholder = toUser() ? "id of the user" : "name of the channel";
      part("to").inputMode = toUser() ? "numeric" : "text";
      part("sent").replaceChildren();
      clearTimeout(timer);
      timer = setTimeout(explain, PAUSE);
    });
    part("explain").addEventListener("click", explain);
  },

  show() {
    explain();
  },

  hide() {
    clearTimeout(timer);
  },

  clear() {
    part("message").reset();
    part("outlook").replaceChildren();
    part("sent").replaceChildren();
  },
};
