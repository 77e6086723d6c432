const part = (id) => document.getElementById(id);
const say = (text) => (part("said").textContent = text);
const nameOf = (id) => names.get(id) ?? `User ${id}`;

// Who this is your site knows, and writes into the page; here it stands in the address: ?user=1&key=key_of_ann
const { user, key } = Object.fromEntries(new URLSearchParams(location.search));
const comet = Comet.connect({ node: "127.0.0.1:8087", userId: Number(user), key });
const video = new CometVideo(comet);
const names = new Map();
let room = null;

// Call somebody.
part("lobby").addEventListener("submit", (event) => {
  event.preventDefault();
  sit(video.call(part("whom").value));
});

// Somebody calls.
video.on("ring", (ring) => {
  part("who").textContent = `${nameOf(ring.callerId)} calls.`;
  part("ring").hidden = false;
  const silence = () => (part("ring").hidden = true);
  part("accept").onclick = () => silence() && sit(ring.accept());
  part("decline").onclick = () => silence() && ring.decline();
  // Answered or declined on another device; or the caller has given up; or it has rung for too long.
  ring.on("silent", silence);
});

/** A call is a room with two seats, from the first ring until one of them hangs up. */
async function sit(coming) {
  try {
    room = await coming;
  } catch (error) {
    say(error.message); // nobody is there, the camera is refused, and so on
    return;
  }
  part("lobby").hidden = true;
  part("stage").hidden = false;
  room.show(part("own"));
  room.on("ringing", () => say("It rings."));
  room.on("stream", ({ member }) => room.show(part("other"), member));
  room.on("link", ({ member, state }) => say(`${nameOf(member.userId)}: ${state}`));
  room.on("media", () => (part("mute").textContent = room.self.audio ? "Mute" : "Speak"));
  room.on("ended", ({ reason }) => {
    say(`It is over: ${reason}.`);
    part("stage").hidden = true;
    part("lobby").hidden = false;
  });
}

part("leave").onclick = () => room.leave();
part("mute").onclick = () => room.mute({ audio: room.self.audio });

// Who is who, and who may be called.
await comet.ready;
for (const id of [1, 2]) {
  names.set(id, (await comet.data(id)).name);
  if (id !== Number(user)) part("whom").append(new Option(nameOf(id), id));
}
say(comet.authorized ? `You are ${nameOf(Number(user))}.` : "The key is wrong: nobody can call you.");
