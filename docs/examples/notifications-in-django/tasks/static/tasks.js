const value = (id) => JSON.parse(document.getElementById(id).textContent);

const comet = Comet.connect({
  node: value("node"),
  userId: value("user"),
  // Asked for at the beginning, and again before the token runs out.
  getToken: async () => (await fetch("comet-token")).text(),
});
comet.onState(({ state }) => (document.querySelector("#state").textContent = state));

// Messages for this user alone, also those that waited while no page was open.
comet.messages(({ event, data: { id, title, author } }) => {
  if (event !== "task") return;
  const line = document.createElement("li");
  const small = document.createElement("small");
  line.id = `task-${id}`;
  small.textContent = `new, from ${author}`;
  line.append(small, title);
  // The page may have the task already: it was loaded after the message was sent, or the message comes again.
  document.getElementById(line.id)?.remove();
  document.querySelector("#tasks").append(line);
});
