/** Channels, who listens to them, and what is said there now. */
import { Failed, listen, quoted, rows } from "./console_server.js";
import { NOBODY, Poll, button, element, moment, number, part, several, table } from "./console_parts.js";
import { refusal } from "./console_sql.js";

const EVERY = 5000;
const SHOWN = 300;
const HEARD = 200;
/** The longest text of a message that is shown. */
const LONGEST = 2000;

let opened = "";
let tail = null;

async function look() {
  const filter = part("channel-name").value.trim();
  const where = filter ? `WHERE name LIKE ${quoted(`%${filter.replace(/[\\%_]/g, "\\$&")}%`)} ` : "";
  try {
    const found = await rows(`SELECT name, users FROM pipes ${where}ORDER BY users DESC, name LIMIT ${SHOWN}`);
    draw(found, filter);
    if (opened) await lookInside();
  } catch (error) {
    part("channel-list").replaceChildren(refusal(error));
  }
}

const poll = new Poll(look, EVERY);

function draw(found, filter) {
  const list = part("channel-list");
  const focused = list.contains(document.activeElement) ? document.activeElement.textContent : null;
  if (!found.length) {
    const words = filter ? "Nobody listens to a channel of such a name." : "Nobody listens to any channel.";
    list.replaceChildren(element("p", "soft", words));
    return;
  }
  const names = [{ name: "channel" }, { name: "listeners", type: "int" }];
  const cells = found.map(({ name, users }) => [button(name, () => open(name), "link"), number(users)]);
  list.replaceChildren(table(names, cells, (row, place) => row.classList.toggle("chosen", found[place].name === opened)));
  if (focused !== null) [...list.querySelectorAll("button")].find((each) => each.textContent === focused)?.focus();
}

async function lookInside() {
  const name = opened;
  const found = await rows(
    `SELECT user_id, ip, user_agent, user_uuid, origin, language FROM users_in_pipes WHERE name = ${quoted(name)} LIMIT ${SHOWN}`,
  );
  if (name !== opened) return;
  const names = [{ name: "user" }, { name: "address" }, { name: "browser" }, { name: "uuid" }, { name: "origin" }, { name: "language" }];
  const cells = found.map((one) => [one.user_id || NOBODY, one.ip, one.user_agent, one.user_uuid, one.origin, one.language]);
  part("listeners").replaceChildren(found.length ? table(names, cells) : element("p", "soft", "Nobody."));
}

function open(name) {
  if (name !== opened) {
    mute();
    part("heard").replaceChildren();
    part("heard").hidden = true;
    part("listeners").replaceChildren();
  }
  opened = name;
  part("channel").hidden = false;
  part("channel-title").textContent = name;
  look();
}

// What is said ------------------------------------------------------------------------------------------------------

function hear(event) {
  if (event.type === "message") {
    const { event: label, data, time, user_id: user } = event;
    const text = data.length > LONGEST ? `${data.slice(0, LONGEST)}…` : data;
    const about = [moment(time), label || "–", ...(user ? [`user ${user}`] : [])];
    const item = element("li", "", ...about.map((word) => element("span", "soft", word)), element("span", "said", text));
    const list = part("heard");
    list.prepend(item);
    while (list.children.length > HEARD) list.lastChild.remove();
    state(`${several(list.children.length, "message")}`);
  } else if (event.type === "error" || event.type === "bye") {
    state(event.message ?? event.reason ?? "it has ended", true);
  } else if (event.type === "subscribed") {
    state("listening");
  }
}

function state(words, isBad = false) {
  part("tail-state").textContent = words;
  part("tail-state").className = isBad ? "error" : "soft";
}

function mute() {
  tail?.abort();
  tail = null;
  part("tail").textContent = "Listen";
  state("");
}

async function tune() {
  if (tail) {
    mute();
    return;
  }
  const mine = (tail = new AbortController());
  part("tail").textContent = "Stop";
  part("heard").hidden = false;
  state("…");
  try {
    await listen(opened, (event) => mine === tail && hear(event), mine.signal);
    if (mine === tail) state("the connection has ended", true);
  } catch (error) {
    if (mine !== tail) return;
    state(error instanceof Failed ? error.message : "the connection is lost", true);
  }
  if (mine === tail) {
    tail = null;
    part("tail").textContent = "Listen";
  }
}

export const view = {
  begin() {
    part("channel-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = part("channel-name").value.trim();
      if (name) open(name);
    });
    part("channel-name").addEventListener("input", look);
    part("tail").addEventListener("click", tune);
  },

  show() {
    poll.start();
  },

  hide() {
    poll.stop();
    mute();
  },

  clear() {
    opened = "";
    part("channel").hidden = true;
    part("channel-name").value = "";
    for (const id of ["channel-list", "listeners", "heard"]) part(id).replaceChildren();
  },
};
