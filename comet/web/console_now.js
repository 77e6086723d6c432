/** The numbers of the server, as they are now and were lately. */
import { Failed, ask } from "./console_server.js";
import { Chart, Poll, bytes, duration, milliseconds, number, part, several, table } from "./console_parts.js";
import { refusal } from "./console_sql.js";

const EVERY = 2000;
/** Five minutes. */
const KEPT = 150;
/** What the names of counters of loss begin with, and what to call them. */
const LOSSES = [
  ["frontend_refused_", "refused: "],
  ["goodbyes_", "sent away: "],
  ["messages_queue_dropped", "queue full: message dropped"],
  ["video_refused_", "call or room refused: "],
  ["messages_expired", "message expired in the queue"],
  ["presence_rows_lost", "row of the presence log lost"],
  ["webhook_rows_lost", "row for the webhook lost"],
  ["webhook_failures", "delivery to the webhook failed"],
  ["Aborted_connects", "wrong name or password of a MySQL client"],
];

const charts = {
  browsers: new Chart("Browsers online", number, KEPT),
  users: new Chart("Users online", number, KEPT),
  messages: new Chart("Messages a second", number, KEPT),
  statements: new Chart("Statements a second", number, KEPT),
  latency: new Chart("A statement takes", milliseconds, KEPT),
  lag: new Chart("The server is late by", milliseconds, KEPT),
  outbox: new Chart("Waits for slow browsers", bytes, KEPT),
  queued: new Chart("Queued a second", number, KEPT),
};

let before = null;
let first = null;

async function look() {
  const { results, error } = await ask("SELECT @@hostname; SHOW GLOBAL STATUS");
  if (error) throw new Failed(error.message, 200, error);
  const node = results[0].rows[0][0];
  const at = performance.now() / 1000;
  const values = Object.fromEntries(results[1].rows);
  // Another process has answered, or this one has begun anew: what it counts is nothing to compare with.
  if (before?.node !== node || Number(values.uptime) < Number(before.values.uptime)) before = first = null;
  const now = { node, at, values };
  first ??= now;
  draw(now);
  before = now;
}

/** How much a counter has grown a second, `null` if that is not known yet. */
function rate(now, ...names) {
  if (!before) return null;
  const sum = ({ values }) => names.reduce((total, name) => total + Number(values[name]), 0);
  return Math.max(0, (sum(now) - sum(before)) / (now.at - before.at));
}

function latency(now) {
  if (!before) return null;
  const grown = (name) => Number(now.values[name]) - Number(before.values[name]);
  return grown("statements") > 0 ? grown("statements_seconds") / grown("statements") : null;
}

function draw(now) {
  const { values } = now;
  const total = (name) => `${number(values[name])} since the start`;
  charts.browsers.add(Number(values.frontend_online), `${several(values.backend_online, "MySQL client")}`);
  charts.users.add(Number(values.online_users), `${several(values.channels, "channel")}, ${several(values.subscriptions, "subscription")}`);
  charts.messages.add(rate(now, "messages_published", "messages_private"), `${number(Number(values.messages_published) + Number(values.messages_private))} since the start`);
  charts.statements.add(rate(now, "statements"), total("statements"));
  charts.latency.add(latency(now), `${several(values.Slow_queries, "slow one")}`);
  charts.lag.add(Number(values.reactor_lag_seconds));
  charts.outbox.add(Number(values.outbox_bytes));
  charts.queued.add(rate(now, "messages_queued"), total("messages_queued"));
  part("node").textContent = `${now.node} · up ${duration(values.uptime)} · ${several(values.nodes, "node")}`;
  part("node").className = "soft";
  drawLosses(values);
}

function drawLosses(values) {
  const found = [];
  for (const [name, value] of Object.entries(values)) {
    const loss = LOSSES.find(([start]) => name.startsWith(start));
    if (!loss || !Number(value)) continue;
    const [start, words] = loss;
    const reason = name.slice(start.length).replaceAll("_", " ");
    found.push([words + reason, Number(value), Number(value) - Number(first.values[name])]);
  }
  found.sort((one, other) => other[1] - one[1]);
  part("drops-none").hidden = found.length > 0;
  const names = [{ name: "what" }, { name: "since the start", type: "bigint" }, { name: "while you watch", type: "bigint" }];
  part("drops").replaceChildren(...(found.length ? [table(names, found.map(([what, ...counts]) => [what, ...counts.map(number)]))] : []));
}

const poll = new Poll(async () => {
  try {
    await look();
  } catch (error) {
    if (!poll.isOn) return;
    part("node").textContent = refusal(error).textContent;
    part("node").className = "error";
    before = null;
  }
}, EVERY);

export const view = {
  begin() {
    part("charts").replaceChildren(...Object.values(charts).map((chart) => chart.element));
  },

  show() {
    poll.start();
  },

  hide() {
    poll.stop();
    before = null;
  },

  clear() {
    first = null;
  },
};
