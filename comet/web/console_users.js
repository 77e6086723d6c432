/** Users: who is here with which devices, what waits for them, when they were here last; and sending a device away. */
import { rows, tenant } from "./console_server.js";
import { NOBODY, Poll, button, bytes, element, facts, moment, number, part, several, table } from "./console_parts.js";
import { refusal } from "./console_sql.js";

const EVERY = 5000;
const SHOWN = 300;

let opened = null;

const called = (id) => (id ? `user ${id}` : NOBODY);

async function look() {
  try {
    const here = await rows(
      `SELECT user_id, COUNT(*) AS devices, SUM(queued) AS waits FROM connections WHERE dev_id = ${tenant()} AND dialect <> 'cometql'` +
        ` GROUP BY user_id ORDER BY user_id LIMIT ${SHOWN}`,
    );
    draw(here);
    if (opened !== null) await lookAt();
  } catch (error) {
    part("user-list").replaceChildren(refusal(error));
  }
}

const poll = new Poll(look, EVERY);

function draw(here) {
  const list = part("user-list");
  const focused = list.contains(document.activeElement) ? document.activeElement.textContent : null;
  if (!here.length) {
    list.replaceChildren(element("p", "soft", "No browser is connected. The id of a user tells about one who is away."));
    return;
  }
  const names = [{ name: "online" }, { name: "devices", type: "int" }, { name: "waits", type: "int" }];
  const cells = here.map((one) => [
    button(called(one.user_id), () => open(one.user_id), "link"),
    number(one.devices),
    bytes(one.waits),
  ]);
  list.replaceChildren(table(names, cells, (row, place) => row.classList.toggle("chosen", here[place].user_id === opened)));
  if (focused !== null) [...list.querySelectorAll("button")].find((each) => each.textContent === focused)?.focus();
}

function seen(time) {
  if (time === undefined || Number(time) < 0) return "never";
  return Number(time) === 0 ? "online now" : moment(time);
}

async function lookAt() {
  const id = opened;
  const devices = await rows(
    "SELECT id, dialect, transport, address, since, channels, queued, node FROM connections" +
      ` WHERE dev_id = ${tenant()} AND user_id = ${id} AND dialect <> 'cometql' ORDER BY since LIMIT ${SHOWN}`,
  );
  const [time] = id ? await rows(`SELECT time FROM users_time WHERE id = ${id}`) : [];
  const [queue] = id ? await rows(`SELECT COUNT(*) AS messages FROM users_messages WHERE id = ${id}`) : [];
  if (id !== opened) return;
  facts(part("user-facts"), [
    ...(id ? [["last seen", seen(time?.time)], ["queue", several(queue.messages, "message")]] : []),
    ["devices", number(devices.length)],
  ]);
  drawDevices(devices);
}

function drawDevices(devices) {
  const frame = part("devices");
  // Whoever is about to press a button shall not lose it.
  if (frame.querySelector(".sure")) return;
  if (!devices.length) {
    frame.replaceChildren(element("p", "soft", "None."));
    return;
  }
  const names = ["", "connected by", "address", "since", "channels", "waits", "node"].map((name) => ({ name }));
  const cells = devices.map((one) => [
    disconnecting(one.id),
    `${one.transport}, ${one.dialect}`,
    one.address,
    moment(one.since),
    number(one.channels),
    bytes(one.queued),
    one.node,
  ]);
  frame.replaceChildren(table(names, cells));
}

/** A button that asks once more. */
function disconnecting(connection) {
  const made = button("Disconnect", async () => {
    if (!made.classList.contains("sure")) {
      made.classList.add("sure");
      made.textContent = "Sure?";
      return;
    }
    made.disabled = true;
    try {
      await rows(`KILL ${Number(connection)}`);
      part("user-outcome").textContent = `Connection ${connection} is closed.`;
    } catch (error) {
      part("user-outcome").replaceChildren(refusal(error));
    }
    made.classList.remove("sure");
    await look();
  });
  made.addEventListener("blur", () => {
    made.classList.remove("sure");
    made.textContent = "Disconnect";
  });
  return made;
}

function open(id) {
  opened = id;
  part("user").hidden = false;
  part("user-title").textContent = called(id);
  part("user-outcome").textContent = "";
  part("devices").replaceChildren();
  look();
}

export const view = {
  begin() {
    part("user-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = part("user-id").value.trim();
      if (/^[0-9]{1,10}$/.test(text)) open(Number(text));
    });
  },

  show() {
    poll.start();
  },

  hide() {
    poll.stop();
  },

  clear() {
    opened = null;
    part("user").hidden = true;
    for (const id of ["user-list", "user-facts", "devices"]) part(id).replaceChildren();
  },
};
