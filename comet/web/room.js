/**
 * The video page: a room with tiles, and a chat beside it. Every tab is a person of its own.
 *
 * The address names the room: /video#demo. Names the server does not know; so pages tell each other `{name}` over
 * `room.data`. In the chat's channel, `web_video_ROOM`, they say `message` {name, text}.
 */
(() => {
  "use strict";

  const MESSAGES_SHOWN = 200;

  const ALLOW = "Allow it in the address bar of the browser, then press";
  /** What somebody is told who cannot send something: the call goes on without. */
  const WITHOUT = {
    camera_refused: `Your browser keeps the camera from this page. You see and hear the others; they do not see you. ${ALLOW} Camera.`,
    no_camera: "There is no camera on this device. You see and hear the others; they do not see you.",
    camera_busy: "The camera cannot be used; another program may have it. Close that, then press Camera.",
    microphone_refused: `Your browser keeps the microphone from this page. You hear the others; they do not hear you. ${ALLOW} Microphone.`,
    no_microphone: "There is no microphone on this device. You hear the others; they do not hear you.",
    microphone_busy: "The microphone cannot be used; another program may have it. Close that, then press Microphone.",
    insecure: "Browsers give camera and microphone only to pages that come over https, or from this machine. You see and hear the others.",
  };
  /** Why there is no call. */
  const REFUSED = {
    room_full: "This room is full. Try again when somebody has left, or take another room.",
    media_away: "For one more than are in this room a media server is needed, and that is away just now. Try again in a minute.",
    not_allowed: "You may not enter this room. On the server of `comet demo`, rooms whose names begin with demo are open to all; else the site has to allow it.",
    no_server: "The server does not answer. Is it running? The page tries again when you press Join.",
    no_webrtc: "This browser cannot make video calls.",
  };
  const BROKEN = { media_failed: "The way of pictures and sound broke. It is tried again." };
  const ENDED = {
    lost: "The connection to the server was away for too long. Join again.",
    removed: "You were taken out of the room.",
    media: "The media server is gone. Join again.",
    moved: "You have joined from elsewhere.",
  };

  const { NAME_LENGTH, clip, element, hue, part, remember } = DemoTab;
  const client = Comet.connect();
  const video = new CometVideo(client);
  const names = new Map();
  const tiles = new Map();
  let name = DemoTab.name();
  let room = null;
  let chat = null;

  // Notices ---------------------------------------------------------------------------------------------------

  function notice(text) {
    part("notice-text").textContent = text;
    part("notice").hidden = !text;
  }

  /** For those who do not see the tiles. */
  const say = (text) => (part("news").textContent = text);

  // Tiles -----------------------------------------------------------------------------------------------------

  const called = (member) => (member.isSelf ? name : names.get(member.seat)) || (member.userId ? `user ${member.userId}` : "somebody");

  function microphoneOff() {
    const sign = part("mic").querySelector("svg").cloneNode(true);
    sign.classList.add("off");
    return sign;
  }

  /** The tile of somebody's camera, or of a screen that they share. */
  function tile(member, source) {
    const key = `${member.seat} ${source}`;
    if (!tiles.has(key)) {
      const picture = element("video", "");
      picture.playsInline = picture.autoplay = true;
      const made = element(
        "li",
        `tile${source === "screen" ? " shares" : ""}${member.isSelf ? " mine" : ""}`,
        element("span", `avatar ${hue(member.seat)}`),
        picture,
        element("span", "note"),
        element("div", "about", element("span", "called"), element("span", "which"), microphoneOff()),
      );
      made.querySelector(".avatar").setAttribute("aria-hidden", "true");
      tiles.set(key, made);
      if (source === "screen") part("tiles").prepend(made);
      else part("tiles").append(made);
      // A picture counts once it has come.
      for (const event of ["resize", "loadeddata", "emptied"]) picture.addEventListener(event, draw);
    }
    return tiles.get(key);
  }

  function draw() {
    if (!room || room.isOver) return;
    const kept = new Set();
    for (const member of room.members.values()) {
      drawTile(member, "camera", kept);
      if (member.screen) drawTile(member, "screen", kept);
    }
    for (const [key, made] of tiles) {
      if (kept.has(made)) continue;
      made.remove();
      tiles.delete(key);
    }
    const count = tiles.size;
    part("tiles").dataset.count = count > 9 ? "crowd" : count > 4 ? "many" : String(count);
    part("alone").hidden = room.members.size > 1;
    drawBar();
  }

  function drawTile(member, source, kept) {
    const made = tile(member, source);
    kept.add(made);
    const picture = made.querySelector("video");
    room.show(picture, member, source);
    const isOn = source === "screen" || member.video;
    const hasPicture = isOn && !member.hold && picture.videoWidth > 0;
    made.dataset.picture = hasPicture ? "yes" : "no";
    made.dataset.seat = member.seat;
    made.classList.toggle("talking", source === "camera" && member.talking && !member.hold);
    const which = [member.isSelf && "(you)", source === "screen" && "screen"].filter(Boolean).join(", ");
    const label = [called(member), which].filter(Boolean).join(" ");
    made.querySelector(".called").textContent = called(member);
    made.querySelector(".which").textContent = which;
    made.querySelector(".avatar").textContent = [...called(member)][0].toUpperCase();
    made.querySelector(".off").style.display = source === "camera" && !member.audio ? "" : "none";
    picture.setAttribute("aria-label", `${label}${member.audio ? "" : ", muted"}`);
    made.querySelector(".note").textContent = member.lost
      ? "connection lost, waiting"
      : member.hold
        ? "on hold"
        : member.link === "connected" || member.isSelf
          ? ""
          : member.link === "failed"
            ? "no way for media: test your network"
            : "connecting";
  }

  function drawBar() {
    const { audio, video: hasPicture, screen, hold } = room.own.flags;
    const set = (id, on, words) => {
      part(id).setAttribute("aria-pressed", String(on));
      part(id).setAttribute("aria-label", words);
    };
    set("mic", audio, audio ? "Microphone is on: mute" : "Microphone is off: switch on");
    set("cam", hasPicture, hasPicture ? "Camera is on: switch off" : "Camera is off: switch on");
    set("screen", screen, screen ? "Stop sharing your screen" : "Share your screen");
    set("hold", hold, hold ? "Go on" : "Hold the call");
  }

  // The room --------------------------------------------------------------------------------------------------

  /** With what can be had: camera and microphone, or the microphone, or neither. */
  async function sit(wanted, mode) {
    let without = "";
    for (const each of { video: ["video", "audio", "listen"], audio: ["audio", "listen"], listen: ["listen"] }[mode]) {
      try {
        return { made: await video.join(wanted, { mode: each }), without };
      } catch (error) {
        if (!WITHOUT[error.kind] || each === "listen") throw error;
        without ||= error.kind;
      }
    }
    return undefined;
  }

  async function enter(wanted, mode) {
    if (room) return;
    part("enter").disabled = true;
    part("lobby-text").textContent = "Joining; the browser may ask for your camera and microphone.";
    try {
      const { made, without } = await sit(wanted, mode);
      room = made;
      begin();
      notice(WITHOUT[without] ?? "");
    } catch (error) {
      part("lobby-text").textContent = REFUSED[error.kind] ?? `That did not work: ${error.message}.`;
    }
    part("enter").disabled = false;
  }

  function begin() {
    document.body.dataset.view = "room";
    document.title = `${room.name}: comet video`;
    part("room-name").textContent = room.name;
    if (location.hash !== `#${room.name}`) history.replaceState(null, "", `#${room.name}`);
    part("again").href = location.href;
    say(`You are in room ${room.name}`);
    const hello = (seat) => room.data.send({ name }, seat).catch(() => {});
    room.on("entered", ({ member }) => {
      hello(member.seat);
      say("Somebody has come");
      draw();
    });
    room.on("gone", ({ member }) => {
      say(`${called(member)} has left`);
      names.delete(member.seat);
      draw();
    });
    room.on("data", ({ member, data }) => {
      names.set(member.seat, clip(data?.name, NAME_LENGTH));
      draw();
    });
    for (const event of ["stream", "media", "link", "lost", "back", "topology"]) room.on(event, draw);
    room.on("error", (error) => notice(WITHOUT[error.kind] ?? BROKEN[error.kind] ?? error.message));
    room.on("away", () => notice("The connection to the server is lost. The call goes on, and the page tries to come back."));
    room.on("returned", () => {
      notice("");
      hello();
      draw();
    });
    room.on("ended", ({ reason }) => ended(ENDED[reason] ?? "You have left the room."));
    hello();
    listen();
    draw();
  }

  function ended(text) {
    room = null;
    chat?.unsubscribe();
    chat = null;
    tiles.clear();
    names.clear();
    part("tiles").replaceChildren();
    part("devices").hidden = true;
    document.body.dataset.view = "lobby";
    document.title = "comet video";
    part("lobby-text").textContent = text;
    part("enter").focus();
    notice("");
  }

  /** What a button does may be refused, and then the words say why. */
  const button = (id, act) =>
    part(id).addEventListener("click", async () => {
      try {
        await act(part(id).getAttribute("aria-pressed") === "true");
        if (room) draw();
      } catch (error) {
        if (error.kind !== "screen_refused") notice(WITHOUT[error.kind] ?? error.message);
      }
    });

  async function share(isOn) {
    if (isOn) room.stopSharing();
    else await room.shareScreen();
  }

  async function drawDevices() {
    const found = await room.devices();
    const { camera, microphone } = room.own.tracks;
    for (const [id, list, now] of [
      ["camera", found.cameras, camera?.getSettings().deviceId],
      ["microphone", found.microphones, microphone?.getSettings().deviceId],
      // Not all browsers let a page choose it.
      ["speaker", "setSinkId" in HTMLMediaElement.prototype ? found.speakers : [], "default"],
    ]) {
      const chosen = part(id).value || now;
      part(id).replaceChildren(...list.map((device, n) => new Option(device.label || `${id} ${n + 1}`, device.id, false, device.id === chosen)));
      part(id).disabled = list.length === 0;
    }
  }

  async function openDevices(open = part("devices").hidden) {
    if (open) await drawDevices();
    part("devices").hidden = !open;
    part("gear").setAttribute("aria-expanded", String(open));
    if (open) part("camera").focus();
  }

  async function copyLink() {
    let done = true;
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      // Without TLS there is no clipboard.
      done = false;
      notice(`The address of this room: ${location.href}`);
    }
    part("link").textContent = done ? "Copied" : "Copy link";
    setTimeout(() => (part("link").textContent = "Copy link"), 2000);
  }

  // The chat --------------------------------------------------------------------------------------------------

  function listen() {
    part("messages").replaceChildren();
    part("empty").hidden = false;
    chat = client.subscribe(`web_video_${room.name}`.slice(0, 64), { event: "message" }, ({ data }) => {
      const author = clip(data?.name, NAME_LENGTH) || "somebody";
      if (typeof data?.text === "string") show("theirs", author, data.text);
    });
  }

  function show(kind, author, text) {
    const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const face = element("span", `avatar ${hue(author)}`, [...author][0].toUpperCase());
    face.setAttribute("aria-hidden", "true");
    const about = element("div", "about", element("span", "author", author), element("time", "", time));
    const item = element("li", `message ${kind}`, about, element("div", "text", text));
    if (kind === "theirs") item.prepend(face);
    part("empty").hidden = true;
    part("messages").append(item);
    while (part("messages").children.length > MESSAGES_SHOWN) part("messages").firstChild.remove();
    part("log").scrollTop = part("log").scrollHeight;
  }

  function send(event) {
    event.preventDefault();
    const text = part("text").value.trim();
    if (!text || !chat) return;
    show("mine", name, text);
    chat.publish({ name, text }, { event: "message" }).catch((error) => notice(`Not sent: ${error.message}`));
    part("text").value = "";
  }

  // Begin -----------------------------------------------------------------------------------------------------

  function named() {
    const found = decodeURIComponent(location.hash.slice(1));
    return /^[\w-]{1,64}$/.test(found) ? found : "";
  }

  function submitted(event) {
    event?.preventDefault();
    name = clip(part("name").value.trim(), NAME_LENGTH) || name;
    remember(name);
    enter(part("room").value.trim(), document.querySelector("input[name=mode]:checked").value);
  }

  part("name").value = name;
  part("room").value = named() || "demo";
  part("join").addEventListener("submit", submitted);
  part("composer").addEventListener("submit", send);
  button("mic", (isOn) => room.mute({ audio: isOn }));
  button("cam", (isOn) => room.mute({ video: isOn }));
  button("hold", (isOn) => room.hold(!isOn));
  button("screen", share);
  button("gear", () => openDevices());
  button("leave", () => room.leave());
  button("link", copyLink);
  button("notice-close", () => notice(""));
  button("talk", () => {
    const isOpen = document.body.dataset.chat !== "open";
    document.body.dataset.chat = isOpen ? "open" : "";
    part("talk").setAttribute("aria-expanded", String(isOpen));
  });
  for (const id of ["camera", "microphone", "speaker"]) {
    part(id).addEventListener("change", () => room.use({ [id]: part(id).value }).catch((error) => notice(WITHOUT[error.kind] ?? error.message)));
  }
  part("devices").addEventListener("submit", (event) => event.preventDefault());
  if (!navigator.mediaDevices?.getDisplayMedia) part("screen").hidden = true;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !part("devices").hidden) openDevices(false).then(() => part("gear").focus());
    if (!room || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    const shortcut = { m: "mic", c: "cam", s: "screen", h: "hold" }[event.key.toLowerCase()];
    if (shortcut) part(shortcut).click();
  });
  window.addEventListener("hashchange", () => {
    if (named() && named() !== room?.name) {
      part("room").value = named();
      room?.leave();
      submitted();
    }
  });
  client.onState(({ state, final, reason, retryIn = 0 }) => {
    part("status").dataset.status = state;
    const again = retryIn < 1000 ? "trying again" : `trying again in ${Math.round(retryIn / 1000)} s`;
    part("status").textContent = state !== "offline" ? state : final ? `disconnected: ${reason}` : `offline, ${again}`;
  });
  // For tests, and for who looks with the browser's tools.
  window.demo = { client, video, get room() { return room; } };
  if (named()) submitted();
  else part("enter").focus();
})();
