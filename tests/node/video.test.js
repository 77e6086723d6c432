/** Calls and rooms: what video.js says, to whom, and in which order. Media is for tests in a real browser. */
"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { CometVideo, CometVideoApi } = require(process.env.VIDEO_JS ?? "../../comet/web/video.js");
const { Rooms } = require("./rooms.js");
const { WebSocket, atEnd, client, server } = require("./harness.js");
const { Browser, Clock, pause, until } = require("./server.js");
const { MediaDevices, MediaStream, PeerConnection, Track } = require("./webrtc.js");

/** A page whose test is over must not come back for ever. */
const leaving = (video) => atEnd(() => video.close());

async function place(options) {
  const there = await server(options);
  there.rooms = new Rooms(there);
  return there;
}

/** A page of a user; its connections in the order in which they were made. */
async function page(there, userId, { devices, ...replacements } = {}) {
  const mediaDevices = new MediaDevices(devices);
  const pcs = [];
  class Mine extends PeerConnection {
    constructor(configuration) {
      super(configuration);
      pcs.push(this);
    }
  }
  const comet = client().open({ node: there.node, WebSocket, userId, key: userId ? "key" : undefined, transports: ["websocket"] });
  await comet.ready;
  const video = new CometVideo(comet, { RTCPeerConnection: Mine, MediaStream, mediaDevices, AudioContext: undefined, ...replacements });
  const rings = [];
  leaving(video);
  video.on("ring", (ring) => rings.push(ring));
  return { comet, video, rings, pcs, mediaDevices };
}

function record(room, ...names) {
  const news = [];
  for (const name of names) room.on(name, (detail) => news.push([name, detail]));
  return news;
}

const connected = ({ pcs }) => pcs.filter(({ connectionState, signalingState }) => connectionState === "connected" && signalingState === "stable").length;
/** What was said of a kind by a page's latest connection. */
const signals = (there, n) => there.clients[n].commands("signal").map(({ data }) => data);
const offers = (there, n) => signals(there, n).filter(({ description }) => description?.type === "offer").length;

describe("a room", () => {
  it("has an offer from who came later, to each who was there, and none back", async () => {
    const there = await place();
    const [a, b, c] = [await page(there, 1), await page(there, 2), await page(there, 3)];
    for (const each of [a, b, c]) each.room = await each.video.join("lobby");
    await until(() => [a, b, c].every((each) => connected(each) === 2), "three times two");
    assert.deepEqual([offers(there, 3), offers(there, 4), offers(there, 5)], [0, 1, 2]);
    assert.deepEqual([...c.room.members.values()].map(({ userId }) => userId), [1, 2, 3]);
    assert.equal(c.room.self.userId, 3);
    assert.deepEqual(a.room.others.map(({ link }) => link), ["connected", "connected"]);
  });

  it("tells nothing before who has waited for it can listen", async () => {
    const there = await place();
    const a = await page(there, 1);
    await page(there, 2);
    const room = await a.video.call(2);
    const news = record(room, "ringing");
    await until(() => news.length === 1);
    assert.deepEqual(news[0][1], { userId: 2, devices: 1 });
  });

  it("tells candidates after their description, and keeps those that come before it until then", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    await a.video.join("lobby");
    const carry = there.rooms.on_signal;
    const held = [];
    there.rooms.on_signal = function (client, command, room, refuse) {
      if (command.data.description?.type !== "offer") return carry.call(this, client, command, room, refuse);
      held.push(() => carry.call(this, client, command, room, refuse));
      return {};
    };
    await b.video.join("lobby");
    await until(() => signals(there, 3).length === 3);
    assert.deepEqual(signals(there, 3).map(Object.keys), [["description"], ["candidate"], ["candidate"]]);
    await pause(5);
    held[0]();
    await until(() => connected(a) && connected(b));
    assert.deepEqual([a.pcs[0].candidates.length, a.pcs[0].candidates.at(-1)], [2, ""]);
  });

  it("goes on with one agreement when both ends look for another way at once", async () => {
    const there = await place();
    const clock = new Clock();
    const time = { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout };
    const [a, b] = [await page(there, 1, time), await page(there, 2, time)];
    for (const each of [a, b]) {
      const joining = each.video.join("lobby");
      await until(() => clock.waiting.length);
      each.room = await joining;
    }
    await until(() => connected(a) && connected(b));
    const before = a.pcs[0].localDescription.sdp;
    for (const each of [a, b]) each.pcs[0].fail();
    clock.advance(2_500);
    await until(() => connected(a) && connected(b), "both again");
    assert.notEqual(a.pcs[0].localDescription.sdp, before);
    assert.deepEqual([a.pcs.length, b.pcs.length], [1, 1]);
  });

  it("is left when its page goes, and by whoever is told that it is over", async () => {
    const there = await place();
    const events = new EventTarget();
    const [a, b] = [await page(there, 1, { events }), await page(there, 2)];
    const [mine, theirs] = [await a.video.join("lobby"), await b.video.join("lobby")];
    const news = record(theirs, "gone", "ended");
    events.dispatchEvent(new Event("pagehide"));
    await until(() => news.length === 1);
    assert.equal(news[0][1].reason, "hangup");
    assert.ok(mine.isOver);
    assert.equal(a.video.rooms.size, 0);
    there.rooms.end(there.rooms.room("lobby"), "removed");
    await until(() => news.length === 2);
    assert.deepEqual(news[1], ["ended", { reason: "removed" }]);
    assert.equal(theirs.own.tracks.camera, null);
    await until(() => there.clients[3].gone, "the connection of the room is closed");
    assert.equal(b.comet.state, "online");
  });

  it("sends messages directly where that is possible, and else through the server", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    const mine = await a.video.join("lobby");
    const theirs = await b.video.join("lobby");
    const news = record(mine, "data");
    await theirs.data.send({ n: 1 });
    await until(() => news.length === 1);
    assert.deepEqual([news[0][1].data, news[0][1].member.userId], [{ n: 1 }, 2]);
    await until(() => connected(b));
    await theirs.data.send({ n: 2 });
    assert.deepEqual(b.pcs[0].channel.sent, ['{"n":2}']);
    await assert.rejects(theirs.data.send("x".repeat(60_000)), { kind: "too_long" });
  });

  it("makes pictures smaller the more there are who get them, unless it is told how large", async () => {
    const there = await place();
    const pages = [];
    const rates = (each) => each.pcs.map((pc) => pc.getTransceivers()[1].sender.getParameters().encodings[0]);
    for (const user of [1, 2, 3]) {
      const each = await page(there, user);
      pages.push(each);
      each.room = await each.video.join("lobby");
      await until(() => pages.every((other) => connected(other) === pages.length - 1));
      if (user === 2) assert.deepEqual(rates(pages[0]), [{ maxBitrate: 1_500_000, scaleResolutionDownBy: 1 }]);
    }
    assert.deepEqual(rates(pages[0]), Array(2).fill({ maxBitrate: 700_000, scaleResolutionDownBy: 2 }));
    assert.deepEqual(pages[0].room.limit({ video: 100, audio: 20 }), { video: 100, audio: 20 });
    await pause(5);
    assert.deepEqual(rates(pages[0]).map(({ maxBitrate }) => maxBitrate), [100_000, 100_000]);
    assert.equal(pages[0].pcs[0].getTransceivers()[0].sender.getParameters().encodings[0].maxBitrate, 20_000);
  });
});

describe("a lost connection", () => {
  async function three() {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    const rooms = [await a.video.join("lobby"), await b.video.join("lobby")];
    await until(() => connected(a) && connected(b));
    const c = await page(there, 3);
    return { there, a, b, c, rooms };
  }

  it("comes back to its seat, and who was there longer looks for another way", async () => {
    const { there, a, b, rooms } = await three();
    const news = record(rooms[1], "away", "returned", "gone", "ended");
    const seen = record(rooms[0], "lost", "back");
    there.clients[3].drop();
    await until(() => news.length === 2, "back");
    assert.deepEqual(news.map(([name]) => name), ["away", "returned"]);
    assert.deepEqual(seen.map(([name, { member }]) => [name, member.seat]), [["lost", 4], ["back", 4]]);
    const joined = there.clients.at(-1).commands("join").at(-1);
    assert.deepEqual([joined.seat, joined.secret], [4, "secret 4"]);
    await until(() => offers(there, 2) === 1, "an offer of who was there longer");
    await until(() => connected(a) && connected(b));
    assert.deepEqual([a.pcs.length, b.pcs.length], [1, 1]);
  });

  it("offers to those who came while it was away, whose offers were lost", async () => {
    const { there, a, b, c } = await three();
    // It comes back only after the third one has come.
    there.greets = true;
    const first = there.clients[2];
    const sit = there.rooms.on_join;
    let held = null;
    there.rooms.on_join = function (client, command, room, refuse) {
      if (!command.seat) return sit.call(this, client, command, room, refuse);
      held = () => client.tell({ type: "ok", id: command.id, ...sit.call(this, client, command, room, refuse) });
      return undefined;
    };
    first.drop();
    await until(() => held, "it wants its seat");
    const third = await c.video.join("lobby");
    await until(() => connected(c) === 1, "the third has found the second");
    held();
    await until(() => connected(c) === 2 && connected(a) === 2, "all have found all");
    assert.equal(third.others.length, 2);
    assert.equal(connected(b), 2);
  });

  it("whose page was loaded anew is met by the others as a new one, at the same seat", async () => {
    const { there, a, b, c, rooms } = await three();
    await c.video.join("lobby");
    await until(() => connected(a) === 2 && connected(b) === 2 && connected(c) === 2);
    // The page of the second one is gone without a word, and the server gives its seat to the next one of the user.
    const sit = there.rooms.on_join;
    const seat = there.rooms.room("lobby").seats.get(4);
    there.clients[3].command = () => {};
    there.rooms.on_join = (client, command, ...rest) => sit.call(there.rooms, client, { ...command, seat: seat.number, secret: seat.secret }, ...rest);
    const again = await page(there, 2);
    there.clients[3].leave();
    await again.video.join("lobby");
    await until(() => connected(again) === 2 && connected(a) === 2 && connected(c) === 2, "all again");
    assert.equal(rooms[0].others.length, 2);
    const agreed = ({ pcs }) => pcs.filter((pc) => pc.signalingState === "stable").map((pc) => pc.localDescription.sdp.split("\n")[1]);
    const heard = ({ pcs }) => pcs.filter((pc) => pc.signalingState === "stable").map((pc) => pc.currentRemoteDescription.sdp.split("\n")[1]);
    for (const print of agreed(again)) assert.ok([...heard(a), ...heard(c)].includes(print));
  });

  it("joins anew if the seat is gone, and ends if it was a call", async () => {
    const { there, b, rooms } = await three();
    const news = record(rooms[1], "returned", "ended");
    const room = there.rooms.room("lobby");
    room.seats.get(4).secret = "of another one";
    there.clients[3].drop();
    room.seats.delete(4);
    await until(() => news.length === 1);
    assert.equal(news[0][0], "returned");
    assert.notEqual(rooms[1].seat, 4);
    await until(() => connected(b) === 1);
    const d = await page(there, 4);
    const call = await d.video.call(1);
    const over = record(call, "ended");
    there.rooms.room(call.name).seats.clear();
    there.clients.at(-1).drop();
    await until(() => over.length === 1);
    assert.deepEqual(over[0][1], { reason: "lost" });
  });
});

describe("a ring", () => {
  it("is taken over a connection of the room's own, which the other devices hear of", async () => {
    const there = await place();
    const [a, b, too] = [await page(there, 1), await page(there, 2), await page(there, 2)];
    const room = await a.video.call(2, { mode: "audio", data: { subject: "lunch" } });
    const news = record(room, "answered", "entered");
    await until(() => b.rings.length && too.rings.length);
    const { callerId, mode, data, kind } = b.rings[0];
    assert.deepEqual([callerId, mode, data, kind], [1, "audio", { subject: "lunch" }, "call"]);
    const silent = record(too.rings[0], "silent");
    const mine = record(b.rings[0], "silent");
    const taken = await b.rings[0].accept();
    await until(() => silent.length === 1 && news.length === 2);
    assert.deepEqual([silent[0][1], mine.length], [{ reason: "taken" }, 0]);
    assert.equal(taken.name, room.name);
    await until(() => connected(a) && connected(b));
    assert.deepEqual([b.mediaDevices.asked[0].video, taken.own.flags.video], [undefined, false]);
    const over = record(room, "ended");
    await taken.leave();
    await until(() => over.length === 1);
  });

  it("that is for one connection only is taken over that one", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    await a.video.call({ connection: 2 });
    await until(() => b.rings.length);
    const taken = await b.rings[0].accept();
    assert.equal(taken.seat, 2);
    await taken.leave();
    assert.equal(b.comet.state, "online");
  });

  it("that one tab of a browser has declined is over in the others, which have the same connection", async () => {
    const there = await place();
    const channels = new Browser().tab().environment.BroadcastChannel;
    const [a, b, tab] = [await page(there, 1), await page(there, 2, { BroadcastChannel: channels }), await page(there, 2, { BroadcastChannel: channels })];
    // What the server tells other connections it does not tell here.
    there.rooms.devices = () => [there.clients[1], there.clients[2]];
    const room = await a.video.call(2);
    await until(() => b.rings.length && tab.rings.length);
    there.rooms.devices = () => [];
    const silent = record(tab.rings[0], "silent");
    const news = record(room, "unanswered", "ended");
    await b.rings[0].busy();
    await until(() => silent.length === 1);
    assert.deepEqual(silent[0][1], { reason: "declined" });
    await until(() => news.length === 2);
    assert.deepEqual(news.map(([, detail]) => detail.reason), ["busy", "busy"]);
  });

  it("that the site rings anew lasts longer, and says what is new", async () => {
    const there = await place();
    const clock = new Clock();
    const b = await page(there, 2, { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout });
    const ring = { type: "ring", room: "lobby", kind: "room", caller_id: 0, connection: 0, mode: "audio", data: "one", time: 0, until: 45 };
    there.clients[0].tell(ring);
    await until(() => b.rings.length);
    const news = record(b.rings[0], "again", "silent");
    clock.advance(30_000);
    there.clients[0].tell({ ...ring, time: 30 });
    there.clients[0].tell({ ...ring, mode: "video", data: '"two"', time: 30, until: 75 });
    await until(() => news.length);
    const { mode, data, text, until: end } = b.rings[0];
    assert.deepEqual([mode, data, text, end], ["video", "two", '"two"', 75]);
    clock.advance(45_000);
    assert.deepEqual([b.rings.length, news.length, b.rings[0].isOver], [1, 1, false]);
    clock.advance(2_000);
    assert.deepEqual(news.at(-1), ["silent", { reason: "expired" }]);
  });

  it("is over when its time is, also if nobody says so", async () => {
    const there = await place();
    const clock = new Clock();
    const [a, b] = [await page(there, 1), await page(there, 2, { setTimeout: clock.setTimeout })];
    await a.video.call(2);
    await until(() => b.rings.length);
    const silent = record(b.rings[0], "silent");
    clock.advance(45_000);
    assert.equal(silent.length, 0);
    clock.advance(2_000);
    assert.deepEqual(silent[0][1], { reason: "expired" });
    assert.equal(b.video.rings.size, 0);
  });
});

describe("own media", () => {
  const failures = [
    ["camera_refused", "video", { refuse: "NotAllowedError" }],
    ["microphone_refused", "audio", { refuse: "NotAllowedError" }],
    ["no_camera", "video", { kinds: ["audio"] }],
    ["no_microphone", "video", { kinds: ["video"] }],
    ["no_microphone", "audio", { kinds: [] }],
    ["camera_busy", "video", { refuse: "NotReadableError" }],
    ["screen_refused", "screen", { refuse: "NotAllowedError" }],
  ];
  for (const [name, mode, devices] of failures) {
    it(`that is not to be had is the error ${name}, and takes no seat (${mode})`, async () => {
      const there = await place();
      const a = await page(there, 1, { devices });
      await assert.rejects(a.video.join("lobby", { mode }), { name: "CometError", kind: name });
      assert.equal(there.rooms.room("lobby").seats.size, 0);
      assert.equal(a.video.rooms.size, 0);
    });
  }

  it("needs https, and a mode that there is", async () => {
    const there = await place();
    const a = await page(there, 1, { isSecure: false });
    const insecure = new CometVideo(a.comet, { RTCPeerConnection: PeerConnection, MediaStream, mediaDevices: undefined, isSecure: false });
    leaving(insecure);
    await assert.rejects(insecure.join("lobby"), { kind: "insecure" });
    await assert.rejects(a.video.join("lobby", { mode: "loud" }), TypeError);
    await assert.rejects(new CometVideo(a.comet, { RTCPeerConnection: undefined }).join("lobby"), { kind: "no_webrtc" });
  });

  it("is not asked for by who only listens, and others see that", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2, { devices: { kinds: [] } })];
    const mine = await a.video.join("lobby");
    await b.video.join("lobby", { mode: "listen" });
    assert.equal(b.mediaDevices.asked.length, 0);
    await until(() => mine.others[0] && !mine.others[0].audio && !mine.others[0].video);
    await until(() => connected(a) && connected(b));
    assert.deepEqual(b.pcs[0].getTransceivers().map(({ sender }) => sender.track), [null, null, null]);
  });

  it("is switched on and off without another offer, and each change is told once", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    const mine = await a.video.join("lobby");
    await b.video.join("lobby");
    await until(() => connected(a) && connected(b));
    const said = () => there.clients[2].commands("media").map(({ cmd, id, room, ...rest }) => rest);
    const sent = () => a.pcs[0].getTransceivers().map(({ sender }) => sender.track);
    const camera = mine.own.tracks.camera;
    await mine.mute({ audio: true, video: true });
    assert.equal(camera.readyState, "ended");
    assert.deepEqual(sent().map(Boolean), [true, false, false]);
    assert.equal(sent()[0].enabled, false);
    await mine.mute({ audio: false, video: false });
    await mine.shareScreen();
    assert.deepEqual(sent().map((track) => track.label), ["audio", "video", "screen"]);
    mine.hold();
    assert.deepEqual(sent(), [null, null, null]);
    mine.hold(false);
    mine.own.tracks.screen.end();
    assert.deepEqual(sent().map(Boolean), [true, true, false]);
    await until(() => said().length === 9);
    assert.deepEqual(said().slice(1), [
      { audio: false },
      { video: false },
      { audio: true },
      { video: true },
      { screen: true },
      { hold: true },
      { hold: false },
      { screen: false },
    ]);
    assert.equal(offers(there, 2), 0);
  });

  it("of the page's own making is sent, and left alone at the end", async () => {
    const there = await place();
    const a = await page(there, 1);
    const [audio, video] = [new Track("audio"), new Track("video")];
    const room = await a.video.join("lobby", { stream: new MediaStream([audio, video]) });
    assert.equal(a.mediaDevices.asked.length, 0);
    await room.mute({ video: true });
    assert.deepEqual([video.enabled, video.readyState], [false, "live"]);
    await room.leave();
    assert.deepEqual([audio.readyState, video.readyState], ["live", "live"]);
  });
});

describe("the media server", () => {
  it("takes over from a mesh: what is sent goes there, and what comes is told apart by its lines", async () => {
    const there = await place();
    const [a, b] = [await page(there, 1), await page(there, 2)];
    const mine = await a.video.join("lobby");
    await b.video.join("lobby");
    await until(() => connected(a) && connected(b));
    const server = [];
    const pc = new PeerConnection({});
    there.rooms.media = async (seat, data, say) => {
      if (seat.number !== 3 || data.kind !== "publish" || !data.description) return;
      pc.onicecandidate = ({ candidate }) => say({ kind: "publish", candidate: candidate && candidate.toJSON() });
      server.push(data);
      await pc.setRemoteDescription(data.description);
      await pc.setLocalDescription();
      say({ kind: "publish", description: pc.localDescription });
    };
    const streams = record(mine, "stream", "topology");
    there.rooms.turn("lobby", "sfu");
    await until(() => server.length === 1, "an offer to the media server");
    assert.equal(a.pcs[0].signalingState, "closed");
    assert.deepEqual(server[0].streams, [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }]);
    await until(() => connected(a) === 1);
    // What others send comes on an offer of the media server.
    const back = new PeerConnection({});
    for (const kind of ["audio", "video", "video"]) back.addTransceiver(kind, { direction: "sendonly" });
    await back.setLocalDescription();
    const of = { seat: 4 };
    const lines = [{ mid: "0", kind: "audio", source: "microphone", ...of }, { mid: "1", kind: "video", source: "camera", ...of }, { mid: "2", kind: "video", source: "screen", ...of }];
    const say = (data) => there.clients[2].tell({ type: "signal", room: "lobby", from: "media", data });
    streams.splice(0);
    say({ kind: "subscribe", description: back.localDescription, streams: lines });
    await until(() => streams.length === 3);
    assert.deepEqual(streams.map(([, { member, source }]) => [member.userId, source]), [[2, "microphone"], [2, "camera"], [2, "screen"]]);
    assert.equal(mine.others[0].screenStream.getTracks().length, 1);
    await until(() => signals(there, 2).some(({ kind, description }) => kind === "subscribe" && description?.type === "answer"));
    // A screen is a line more, on a further offer.
    await mine.shareScreen();
    await until(() => server.length === 2);
    assert.deepEqual(server[1].streams.map(({ source }) => source), ["microphone", "camera", "screen"]);
  });
});

describe("a media server that cannot use a connection", () => {
  /** @returns What the page of a room by way of the media server has said of a kind, and how to tell it something. */
  async function relayed(there, clock) {
    there.rooms.topology = "sfu";
    const [a] = [await page(there, 1, { setTimeout: (run, delay) => (delay ? clock.setTimeout(run, delay) : setTimeout(run, 0)), clearTimeout: clock.clearTimeout })];
    const room = await a.video.join("lobby");
    const said = (kind) => signals(there, 1).filter((data) => data.kind === kind && data.candidate === undefined);
    const say = (data) => there.clients[1].tell({ type: "signal", room: "lobby", from: "media", data });
    return { ...a, room, said, say, news: record(room, "error") };
  }

  it("is told so to the page, which offers over another one, less and less often", async () => {
    const there = await place();
    const clock = new Clock();
    const { said, say, news, pcs } = await relayed(there, clock);
    await until(() => said("publish").length === 1);
    for (const [offer, wait] of [[1, 500], [2, 1000]]) {
      say({ kind: "publish", failed: "ICE failed", offer });
      await until(() => news.length === offer);
      clock.advance(wait - 1);
      await pause();
      assert.equal(said("publish").length, offer);
      clock.advance(1);
      await until(() => said("publish").length === offer + 1);
    }
    assert.deepEqual(news.map(([, { kind, message }]) => [kind, message]), Array(2).fill(["media_failed", "ICE failed"]));
    assert.deepEqual(pcs.map(({ signalingState }) => signalingState), ["closed", "closed", "have-local-offer"]);
    // It may be about what does not count any more.
    say({ kind: "publish", failed: "late", offer: 1 });
    await pause();
    clock.advance(60_000);
    await pause();
    assert.deepEqual([said("publish").length, news.length], [3, 2]);
  });

  it("is asked for an offer over another one, unless it has made one since", async () => {
    const there = await place();
    const clock = new Clock();
    const { said, say, news, pcs } = await relayed(there, clock);
    const offer = async (connection, number) => {
      const pc = new PeerConnection({});
      pc.addTransceiver("audio", { direction: "sendonly" });
      await pc.setLocalDescription();
      say({ kind: "subscribe", description: pc.localDescription, streams: [], connection, offer: number });
      await until(() => said("subscribe").some((data) => data.offer === number && data.connection === connection));
    };
    await offer(3, 7);
    await offer(4, 8);
    assert.equal(pcs[1].signalingState, "closed");
    say({ kind: "subscribe", failed: "late", offer: 7 });
    say({ kind: "subscribe", candidate: { candidate: "of another one" }, connection: 3 });
    await pause();
    clock.advance(60_000);
    await pause();
    assert.deepEqual([said("subscribe").length, news.length], [2, 0]);
    say({ kind: "subscribe", failed: "no codec", offer: 8 });
    await until(() => news.length === 1);
    clock.advance(500);
    await until(() => said("subscribe").length === 3);
    assert.deepEqual(said("subscribe")[2], { kind: "subscribe" });
    await offer(5, 9);
    assert.equal(pcs[2].signalingState, "closed");
  });
});

describe("the familiar face", () => {
  it("ends a call that nobody comes to, and says how long it was", async () => {
    const there = await place();
    const clock = new Clock();
    const a = await page(there, 1);
    await page(there, 2);
    const time = { setTimeout: (run, delay) => (delay ? clock.setTimeout(run, delay) : setTimeout(run, 0)), clearTimeout: clock.clearTimeout, now: () => clock.now + 1 };
    const api = new CometVideoApi({ RTCPeerConnection: PeerConnection, MediaStream, mediaDevices: a.mediaDevices, AudioContext: undefined, ...time });
    const ends = [];
    api.start({ client: a.comet, onCallEnd: (end) => ends.push(end) });
    assert.equal(api.call(2), true);
    assert.equal(api.call(2), false);
    await until(() => api.room);
    leaving(api.video);
    clock.advance(60_000);
    assert.equal(ends.length, 1);
    const { action, status, time: talked, fullTime } = ends[0];
    assert.deepEqual([action, status, talked, fullTime], ["out", "loneliness", 0, 60]);
    assert.equal(api.isInCall(), false);
    await until(() => there.clients[2].gone, "the connection of the call is closed");
  });

  it("has no call to take, leave or mute when there is none", () => {
    const api = new CometVideoApi();
    assert.deepEqual([api.acceptCall(), api.busy(), api.hangup(), api.isInCall(), api.isCallStart(), api.isMute()], [false, false, false, false, false, false]);
    assert.equal(api.toggleHold(), false);
    assert.equal(api.isFullScreenSupport(), false);
    api.start({});
    assert.deepEqual(api.setBandwidth(), { video: 256, audio: 32 });
    assert.deepEqual(api.setBandwidth({ video: 100 }), { video: 100, audio: 32 });
  });
});
