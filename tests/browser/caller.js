/** What tests of calls do in a tab: `me` is a user with a video, the last room, and a record of what has happened. */
"use strict";

const me = (window.me = {
  rings: [],
  /** By room event: what came with it, without what is no JSON. */
  heard: [],
  room: null,

  sign(options) {
    me.comet = Comet.connect(options);
    me.video = new CometVideo(me.comet);
    me.video.on("ring", (ring) => {
      me.rings.push(ring);
      ring.on("silent", ({ reason }) => me.heard.push(["silent", reason]));
    });
    return me.comet.ready.then(() => true);
  },

  /** Sit down by a promise of a room; gives the name of the error if that fails. */
  async sit(promise) {
    try {
      me.room = await promise;
    } catch (error) {
      return error.kind ?? String(error);
    }
    const { room } = me;
    const seat = ({ member }) => member.seat;
    for (const name of ["entered", "gone", "lost", "back"]) room.on(name, (what) => me.heard.push([name, seat(what), what.reason]));
    for (const name of ["ringing", "answered", "away", "returned", "topology"]) room.on(name, () => me.heard.push([name]));
    for (const name of ["unanswered", "ended"]) room.on(name, ({ reason }) => me.heard.push([name, reason]));
    // What nobody sees or hears the browser may not decode.
    room.on("stream", ({ member, source }) => room.show(document.body.appendChild(document.createElement("video")), member, source));
    room.on("data", ({ member, data }) => me.heard.push(["data", member.seat, data]));
    room.on("error", (error) => me.heard.push(["error", String(error)]));
    return room.name;
  },

  /** By seat of the others: pictures decoded, packets of sound and how much of it there was. */
  async flow() {
    const { received } = await me.room.stats();
    return Object.fromEntries(
      received.map(({ seat, camera, microphone, screen, route }) => [
        seat,
        { frames: camera?.frames ?? 0, packets: microphone?.packets ?? 0, energy: microphone?.energy ?? 0, screen: screen?.frames ?? 0, route },
      ]),
    );
  },

  /** Whether pictures and sound of that many others come in, as compared with before. */
  async flows(others, before = {}, { video = true, audio = true, tone = true } = {}) {
    const now = Object.entries(await me.flow());
    if (now.length !== others) return false;
    return now.every(([seat, { frames, packets, energy }]) => {
      const was = before[seat] ?? { frames: 0, packets: 0, energy: 0 };
      const sees = !video || frames > was.frames + 3;
      const hears = !audio || (packets > was.packets + 20 && (!tone || energy > was.energy));
      return sees && hears;
    });
  },

  has(name, reason) {
    return me.heard.some(([each, ...more]) => each === name && (reason === undefined || more.includes(reason)));
  },
});
