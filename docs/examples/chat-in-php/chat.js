const list = document.querySelector("#messages");
const form = document.querySelector("#say");

function show({ data: { name, text }, time }) {
  const line = document.createElement("li");
  const when = document.createElement("small");
  when.textContent = new Date(time * 1000).toLocaleTimeString();
  line.append(when, `${name}: ${text}`); // as text, never as HTML
  list.append(line);
  line.scrollIntoView();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { ok } = await fetch("send.php", { method: "POST", body: new FormData(form) });
  if (ok) form.reset();
});

const comet = Comet.connect({ node: "127.0.0.1:8087" });
comet.onState(({ state }) => (document.querySelector("#state").textContent = state));

// What was said before, and from there on what is said now: nothing is missed, and nothing comes twice.
const { messages, cursor } = await comet.history("chat");
messages.forEach(show);
comet.subscribe("chat", { since: cursor }, show).onGap(() => location.reload());
