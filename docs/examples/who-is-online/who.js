const part = (id) => document.getElementById(id);
const MEMBERS = [1, 2, 3];

// Who this is your site knows, and writes into the page; here it stands in the address: ?user=1&key=key_of_ann
const { user, key } = Object.fromEntries(new URLSearchParams(location.search));
const comet = Comet.connect({ node: "127.0.0.1:8087", userId: Number(user) || undefined, key });

// What is known, and drawn anew whenever it changes.
const names = new Map(); // of users
const here = new Map(); // who has this page open, by connection
const seen = new Map(); // of members: 0 is online, -1 never, else when they left

/** Who has this page open? A channel whose name begins with track_ tells its subscribers who comes and goes. */
const page = comet.subscribe("track_page");
page.onJoin((member) => draw(here.set(member.connection, member)));
page.onLeave((member) => draw(here.delete(member.connection)));

/** Who of the members is online, on whatever page and device? Their channels tell of each change. */
for (const id of MEMBERS) comet.subscribe(`user_status_${id}`).onStatus(() => look(id));

/** After each connect: how things are now, whatever has happened while this page was away. */
comet.onState(async ({ state }) => {
  part("state").textContent = state;
  if (state !== "online") return;
  MEMBERS.forEach(look);
  const members = await page.members();
  here.clear();
  for (const member of members) here.set(member.connection, member);
  draw();
});

async function look(id) {
  draw(seen.set(id, (await comet.status(id)).seen));
}

/** The name that the site has given a user; asked for once, and drawn when it has come. */
function nameOf(id) {
  if (!names.has(id)) {
    names.set(id, "...");
    comet.data(id).then(({ name }) => draw(names.set(id, name)));
  }
  return names.get(id);
}

function whenOf(id) {
  const last = seen.get(id);
  if (last === 0) return "online";
  return last > 0 ? `was here at ${new Date(last * 1000).toLocaleTimeString()}` : "has never been here";
}

function draw() {
  const users = new Set([...here.values()].map(({ userId }) => userId)); // a user may be here with two devices
  const lines = MEMBERS.filter((id) => users.has(id)).map((id) => line(nameOf(id)));
  const visitors = [...here.values()].filter(({ userId }) => userId === 0).length;
  if (visitors) lines.push(line(visitors === 1 ? "one visitor" : `${visitors} visitors`));
  part("here").replaceChildren(...lines);
  part("members").replaceChildren(...MEMBERS.map((id) => line(nameOf(id), whenOf(id))));
  if (user) part("me").textContent = nameOf(Number(user));
}

function line(text, note = "") {
  const entry = document.createElement("li");
  const small = document.createElement("small");
  small.textContent = note;
  entry.append(small, text);
  return entry;
}
