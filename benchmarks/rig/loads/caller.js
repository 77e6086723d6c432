/** What the benchmark of calls does in a page: `bench` calls, answers and joins, and takes the time of pictures. */
"use strict";

const bench = (window.bench = {
  /** Small pictures: what is timed is how soon the first one is there. */
  media: { audio: {}, video: { width: 320, height: 240, frameRate: 30 } },
  room: null,

  /** Be a user, who takes each call at once. */
  async sign(userId) {
    bench.video = new CometVideo(Comet.connect({ userId, key: `key${userId}` }));
    bench.video.on("ring", async (ring) => (bench.room = await ring.accept(bench.media)));
    await bench.video.client.ready;
    return true;
  },

  /** When the first picture of a track has been decoded. */
  async picture(track) {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    const { value } = await reader.read();
    const time = performance.now();
    value.close();
    await reader.cancel();
    return time;
  },

  /** When there is a picture of each of that many others in a room. */
  pictures(room, others) {
    return new Promise((resolve, reject) => {
      const waiting = new Map();
      room.on("ended", ({ reason }) => reject(new Error(reason)));
      room.on("error", reject);
      // The lines are known by the time that a way is looked for.
      room.on("link", ({ member }) => {
        const line = member.lines.get("camera");
        if (!line || waiting.has(member.seat)) return;
        waiting.set(member.seat, bench.picture(line.track));
        if (waiting.size === others) Promise.all(waiting.values()).then((times) => resolve(Math.max(...times)), reject);
      });
    });
  },

  /** Sit down, and leave again. Gives the milliseconds until one sits, and until all pictures are there. */
  async time(sit, others) {
    const begun = performance.now();
    const room = await sit();
    const seated = performance.now();
    const seen = await bench.pictures(room, others);
    await room.leave();
    return [seated - begun, seen - begun];
  },

  call: (userId) => bench.time(() => bench.video.call(userId, bench.media), 1),
  join: (room, others) => bench.time(() => bench.video.join(room, bench.media), others),

  async sit(room) {
    bench.room = await bench.video.join(room, bench.media);
    return true;
  },

  async leave() {
    await bench.room.leave();
    return true;
  },

  /** The same without a server: connections of this page to itself, whose ends are told at once what the others say. */
  async alone(others) {
    const begun = performance.now();
    const own = await navigator.mediaDevices.getUserMedia(bench.media);
    const their = await navigator.mediaDevices.getUserMedia(bench.media);
    const pairs = await Promise.all(Array.from({ length: others }, () => bench.pair(own, their)));
    const seen = Math.max(...pairs.map(([time]) => time));
    for (const [, ...ends] of pairs) for (const end of ends) end.close();
    for (const stream of [own, their]) for (const track of stream.getTracks()) track.stop();
    return [0, seen - begun];
  },

  /** Two connections, and when the first has a picture of the second, which has made the offer. */
  async pair(own, their) {
    const configuration = { bundlePolicy: "max-bundle" };
    const [one, two] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
    // No candidate may be there before the description that it belongs to.
    const early = new Map([[one, []], [two, []]]);
    const say = (to, candidate) => (to.remoteDescription ? to.addIceCandidate(candidate) : early.get(to).push(candidate));
    const describe = async (from, to) => {
      await from.setLocalDescription();
      await to.setRemoteDescription(from.localDescription);
      for (const candidate of early.get(to).splice(0)) await to.addIceCandidate(candidate);
    };
    one.onicecandidate = ({ candidate }) => candidate && say(two, candidate);
    two.onicecandidate = ({ candidate }) => candidate && say(one, candidate);
    const seen = new Promise((resolve) => {
      one.ontrack = ({ track }) => track.kind === "video" && resolve(bench.picture(track));
    });
    for (const [end, stream] of [[one, own], [two, their]]) {
      end.createDataChannel("data", { negotiated: true, id: 0 });
      for (const track of stream.getTracks()) end.addTrack(track, stream);
    }
    await describe(two, one);
    await describe(one, two);
    return [await seen, one, two];
  },
});
