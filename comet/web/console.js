/** The console: signing in and out, going from view to view. */
import { Failed, events, remembered, signIn, signOut, tenant } from "./console_server.js";
import { part } from "./console_parts.js";
import { view as channels } from "./console_channels.js";
import { view as now } from "./console_now.js";
import { view as send } from "./console_send.js";
import { view as sql } from "./console_sql.js";
import { view as users } from "./console_users.js";

const views = { sql, now, channels, users, send };

/** Named so that no hash of the address is the id of an element, which the browser would scroll to. */
const inside = (name) => part(`view-${name}`);

let shown = "";
let isIn = false;

function go() {
  if (!isIn) return;
  const wanted = location.hash.slice(1);
  const next = wanted in views ? wanted : "sql";
  if (next === shown) return;
  if (shown) {
    views[shown].hide();
    inside(shown).hidden = true;
  }
  shown = next;
  document.body.dataset.view = next;
  for (const link of part("views").children) {
    if (link.hash === `#${next}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  inside(next).hidden = false;
  window.scrollTo(0, 0);
  views[next].show();
}

function entered({ node, version }) {
  isIn = true;
  part("enter").hidden = true;
  part("views").hidden = part("account").hidden = false;
  part("who").textContent = `${tenant() ? `tenant ${tenant()}` : "root"} at ${node}`;
  part("who").title = version;
  part("key").value = "";
  go();
}

function left({ detail }) {
  if (shown) {
    views[shown].hide();
    inside(shown).hidden = true;
  }
  shown = "";
  document.body.dataset.view = "";
  isIn = false;
  for (const view of Object.values(views)) view.clear();
  part("views").hidden = part("account").hidden = true;
  part("enter").hidden = false;
  part("entering").textContent = detail;
  part("key").focus();
}

async function enter(name, key) {
  part("entering").textContent = "";
  const press = part("enter").querySelector("button");
  press.disabled = true;
  try {
    entered(await signIn(name, key));
  } catch (error) {
    part("enter").hidden = false;
    part("entering").textContent = error instanceof Failed ? error.message : "Something went wrong.";
    part("key").focus();
    part("key").select();
    if (!(error instanceof Failed)) throw error;
  } finally {
    press.disabled = false;
  }
}

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const field = event.target instanceof Element && event.target.closest("input, textarea");
  if (event.key === "Escape" && field) {
    field.blur();
    return;
  }
  const types = field && !["radio", "checkbox"].includes(field.type);
  if (types || !isIn || part("shortcuts").open) return;
  const name = Object.keys(views)[Number(event.key) - 1];
  if (event.key === "?") {
    part("shortcuts").showModal();
  } else if (event.key === "/") {
    inside(shown).querySelector("textarea, input:not([type=radio])")?.focus();
  } else if (/^[1-9]$/.test(event.key) && name) {
    location.hash = name;
  } else {
    return;
  }
  event.preventDefault();
}

for (const view of Object.values(views)) view.begin();
events.addEventListener("out", left);
window.addEventListener("hashchange", go);
document.addEventListener("keydown", pressed);
part("help").addEventListener("click", () => part("shortcuts").showModal());
part("leave").addEventListener("click", () => signOut());
part("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(part("tenant").value, part("key").value);
});

const known = remembered();
if (known) {
  part("tenant").value = known.tenant ? String(known.tenant) : "root";
  enter(part("tenant").value, known.key);
} else {
  part("enter").hidden = false;
  part("key").focus();
}
