const list = document.querySelector("#orders");
const lines = new Map(); // by the number of the order

/** An order is new, or has changed: each message has all of it. */
function show({ data: { id, title, price, state } }) {
  if (!lines.has(id)) {
    lines.set(id, document.createElement("li"));
    list.prepend(lines.get(id));
  }
  const note = document.createElement("small");
  note.textContent = `${price.toFixed(2)} €, ${state}`;
  lines.get(id).replaceChildren(note, `${id}. ${title}`); // as text, never as HTML
}

const comet = Comet.connect({ node: "127.0.0.1:8087" });
comet.onState(({ state }) => (document.querySelector("#state").textContent = state));

// What was told before, and from there on what is told now: nothing is missed, and nothing comes twice.
const { messages, cursor } = await comet.history("orders");
messages.forEach(show);
comet.subscribe("orders", { since: cursor }, show).onGap(() => location.reload());
