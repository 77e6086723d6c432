/**
 * The demo page: a chat between tabs and a SQL prompt. Every tab is a person of its own.
 *
 * In the chat's channel browsers say `message` {id, uuid, name, text} and `hello` {uuid, name, ask}; what comes from
 * SQL is plain text, under any event. Who is here, the server knows: by the `track_` channel beside the chat's. The
 * names it does not know; so whoever comes says hello and asks all others for theirs.
 */
(() => {
  "use strict";

  const MESSAGES_SHOWN = 200;

  const { NAME_LENGTH, clip, element, hue, part, remember } = DemoTab;
  const narrow = window.matchMedia("(max-width: 46rem)");

  // A new id each time the page is opened: a duplicated tab takes a copy of the session's storage along.
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const uuid = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => alphabet[byte & 63]).join("");
  let name = DemoTab.name();

  const names = new Map();
  let present = [];
  let channel = "web_demo";
  let track = "track_demo";

  function avatar(id, ofName) {
    const face = element("span", `avatar ${hue(id)}`, [...ofName][0]?.toUpperCase() ?? "?");
    face.setAttribute("aria-hidden", "true");
    return face;
  }

  // The chat ------------------------------------------------------------------------------------------------

  function show(kind, face, author, text, note = "") {
    const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const noted = element("span", "note", note);
    const about = element("div", "about", element("span", "author", author), element("time", "", time), noted);
    const item = element("li", `message ${kind}`, about, element("div", "text", text));
    if (face) item.prepend(face);
    part("empty").hidden = true;
    part("messages").append(item);
    while (part("messages").children.length > MESSAGES_SHOWN) part("messages").firstChild.remove();
    if (atEnd || kind === "mine") toEnd();
    return noted;
  }

  // Whoever reads the newest message goes on doing so, also when the space gets smaller.
  let atEnd = true;

  function toEnd() {
    part("log").scrollTop = part("log").scrollHeight;
  }

  function scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = part("log");
    atEnd = scrollHeight - scrollTop - clientHeight < 40;
  }

  function received({ data, server_info: { event, from_server } }) {
    if (from_server) {
      const text = typeof data === "string" ? data : typeof data?.text === "string" ? data.text : JSON.stringify(data);
      const face = element("span", "avatar", "SQL");
      face.setAttribute("aria-hidden", "true");
      show("from-sql", face, "from SQL", text, event === "message" ? "" : event);
    } else if (event === "hello") {
      met(data);
    } else if (event === "message" && typeof data?.text === "string") {
      const author = clip(data.name, NAME_LENGTH) || "somebody";
      show("theirs", avatar(clip(data.uuid, 64), author), author, data.text);
    }
  }

  // Reports come in the order of sending, each with what was sent.
  const unreported = new Map();

  function send(text) {
    const id = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
    const note = show("mine", null, name, text);
    const sent = cometApi.web_pipe_send(channel, "message", { id, uuid, name, text });
    note.textContent = sent === undefined ? "not sent" : sent ? "" : "waits for a connection";
    if (sent !== undefined) unreported.set(id, note);
  }

  function reported({ data }) {
    let id;
    try {
      id = JSON.parse(data.message).id;
    } catch {
      return;
    }
    const note = unreported.get(id);
    if (!note) return;
    unreported.delete(id);
    const count = data.number_messages;
    note.textContent = count === 0 ? "nobody else is here" : count === 1 ? "reached 1 tab" : `reached ${count} tabs`;
  }

  // Who is here ---------------------------------------------------------------------------------------------

  const hello = (ask) => cometApi.web_pipe_send(channel, "hello", { uuid, name, ask });

  function met(data) {
    names.set(clip(data?.uuid, 64), clip(data?.name, NAME_LENGTH));
    if (data?.ask === true) hello(false);
    drawPeople();
  }

  let asking = null;

  /** Ask the server who is here; soon, so that many who come at once make one question. */
  function lookAround() {
    asking ??= setTimeout(() => {
      asking = null;
      cometApi.getTrackPipeUsers(track, ({ data }) => {
        present = data.map((member) => member.uuid);
        for (const known of names.keys()) if (!present.includes(known)) names.delete(known);
        drawPeople();
      });
    }, 40);
  }

  function drawPeople() {
    const others = [...new Set(present)].filter((id) => id !== uuid);
    const draw = (id, called, ...more) => element("li", "", avatar(id, called), element("span", "name", called), ...more);
    part("people").replaceChildren(
      draw(uuid, name, element("span", "you", "you")),
      ...others.map((id) => draw(id, names.get(id) || "somebody")),
    );
    const company = others.length + 1;
    part("count").textContent = String(company);
    part("company").textContent = company === 1 ? "You are here alone" : `${company} are here`;
    part("face").className = `avatar ${hue(uuid)}`;
    part("face").textContent = [...name][0].toUpperCase();
  }

  function rename() {
    const wanted = part("name").value.trim();
    if (wanted && wanted !== name) {
      name = wanted;
      remember(name);
      if (cometApi.isConnected()) hello(false);
    }
    part("name").value = name;
    drawPeople();
  }

  // The connection ------------------------------------------------------------------------------------------

  function changed(status, { fatal, reason, retry_in: delay }) {
    const sign = part("status");
    sign.dataset.status = status;
    if (status === "online") {
      hello(true);
      lookAround();
    }
    const again = delay < 1000 ? "trying again" : `trying again in ${Math.round(delay / 1000)} s`;
    sign.textContent = status !== "offline" ? status : fatal ? `disconnected: ${reason}` : `offline, ${again}`;
  }

  // The line to paste ---------------------------------------------------------------------------------------

  function offer(sql) {
    const line = sql || `INSERT INTO pipes_messages (name, message) VALUES ('${channel}', 'Hello from SQL')`;
    // It is broken at blanks only: a dash at the end of a line would puzzle.
    part("sql").replaceChildren(...line.split(/( )/).map((word) => element("span", word === " " ? "" : "word", word)));
    if (!sql) part("sql-hint").textContent = "Send this from any MySQL client. The text appears here, and in every other tab.";
  }

  async function copy() {
    const text = part("sql").textContent;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS there is no clipboard: leave the text selected instead.
      getSelection().selectAllChildren(part("sql"));
      done = document.execCommand("copy");
    }
    part("copy").textContent = done ? "Copied" : "Selected";
    part("copied").textContent = done ? "Copied" : "The line is selected: copy it with the keyboard";
    setTimeout(() => {
      part("copy").textContent = "Copy";
      part("copied").textContent = "";
    }, 2000);
  }

  // Begin ---------------------------------------------------------------------------------------------------

  part("name").value = name;
  part("name").addEventListener("change", rename);
  part("name").addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      rename();
      part("text").focus();
    }
  });
  part("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = part("text").value.trim();
    if (text) send(text);
    part("text").value = "";
    part("text").focus();
  });
  part("copy").addEventListener("click", copy);
  part("log").addEventListener("scroll", scrolled);
  new ResizeObserver(() => atEnd && toEnd()).observe(part("log"));
  part("sql-card").open = !narrow.matches;
  narrow.addEventListener("change", () => (part("sql-card").open = !narrow.matches));
  if (window.matchMedia("(pointer: fine)").matches) part("text").focus();
  remember(name);
  drawPeople();

  fetch("/demo.json")
    .then((answer) => answer.json())
    .catch(() => ({})) // the chat needs nothing of it
    .then(({ sql = "", channel: named = channel, version = "" }) => {
      channel = named;
      track = channel.replace(/^web_/, "track_");
      if (version) document.querySelector("h1").title = `version ${version}`;
      offer(sql);
      cometApi.onStatus(changed);
      cometApi.subscription(channel, received);
      cometApi.subscription(`#${channel}`, reported);
      cometApi.subscription(`${track}.subscription`, lookAround);
      cometApi.subscription(`${track}.unsubscription`, lookAround);
      cometApi.start({ uuid });
    });
})();
