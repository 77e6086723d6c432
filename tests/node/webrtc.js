/**
 * WebRTC in small, for tests: no media, but the rules of negotiation, by which a page may go wrong.
 *
 * A description is JSON: its media lines, and the name of the way that it is about; then who it is of. A connection is connected once both
 * ends have agreed and heard a candidate of each other.
 */
"use strict";

let count = 0;

class Track {
  enabled = true;
  muted = false;
  readyState = "live";
  onended = null;

  constructor(kind, label = kind) {
    Object.assign(this, { kind, label, id: `track ${++count}` });
  }

  stop() {
    this.readyState = "ended";
  }

  /** The device is gone. */
  end() {
    this.readyState = "ended";
    this.onended?.();
  }
}

class MediaStream {
  #tracks;

  constructor(tracks = []) {
    this.#tracks = [...tracks];
  }

  getTracks() {
    return [...this.#tracks];
  }

  getVideoTracks() {
    return this.#tracks.filter(({ kind }) => kind === "video");
  }

  addTrack(track) {
    if (!this.#tracks.includes(track)) this.#tracks.push(track);
  }

  removeTrack(track) {
    this.#tracks = this.#tracks.filter((each) => each !== track);
  }
}

const read = (sdp) => JSON.parse(sdp.split("\n")[0]);
const invalid = (what) => Object.assign(new Error(what), { name: "InvalidStateError" });

class Transceiver {
  mid = null;
  currentDirection = null;

  constructor(trackOrKind, direction) {
    const isTrack = typeof trackOrKind !== "string";
    const kind = isTrack ? trackOrKind.kind : trackOrKind;
    this.direction = direction;
    this.receiver = { track: new Track(kind, "received") };
    const parameters = { encodings: [{}] };
    this.sender = {
      track: isTrack ? trackOrKind : null,
      replaceTrack: async (track) => void (this.sender.track = track),
      getParameters: () => parameters,
      setParameters: async (value) => void Object.assign(parameters, value),
    };
  }
}

class PeerConnection {
  signalingState = "stable";
  connectionState = "new";
  iceConnectionState = "new";
  localDescription = null;
  remoteDescription = null;
  currentRemoteDescription = null;
  candidates = [];
  #transceivers = [];
  #configuration;
  #way = ++count;
  #print = ++count;
  #wayChanges = false;

  constructor(configuration) {
    this.#configuration = configuration;
  }

  getConfiguration() {
    return this.#configuration;
  }

  setConfiguration(configuration) {
    this.#configuration = configuration;
  }

  getTransceivers() {
    return [...this.#transceivers];
  }

  addTransceiver(trackOrKind, { direction }) {
    const made = new Transceiver(trackOrKind, direction);
    this.#transceivers.push(made);
    return made;
  }

  createDataChannel(label, options) {
    return (this.channel = { label, ...options, readyState: "connecting", sent: [], send: (text) => this.channel.sent.push(text) });
  }

  restartIce() {
    this.#wayChanges = true;
  }

  async setLocalDescription(wanted) {
    await null;
    if (this.signalingState === "closed") throw invalid("closed");
    if (wanted?.type === "rollback") {
      if (this.signalingState !== "have-local-offer") throw invalid("nothing to roll back");
      for (const each of this.#transceivers) if (each.fresh) Object.assign(each, { mid: null, fresh: false });
      this.localDescription = this.currentLocal ?? null;
      this.signalingState = "stable";
      return;
    }
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    if (type === "offer" && this.signalingState !== "stable" && this.signalingState !== "have-local-offer") throw invalid(type);
    if (type === "offer") {
      for (const each of this.#transceivers) {
        if (each.mid !== null) continue;
        const used = this.#transceivers.map(({ mid }) => Number(mid ?? -1));
        Object.assign(each, { mid: String(Math.max(-1, ...used) + 1), fresh: true });
      }
      if (this.#wayChanges) this.#way = ++count;
      this.#wayChanges = false;
    }
    const lines = this.#transceivers.filter(({ mid }) => mid !== null).map(({ mid, receiver, direction }) => ({ mid, kind: receiver.track.kind, direction }));
    this.localDescription = { type, sdp: `${JSON.stringify({ way: this.#way, lines })}\na=fingerprint:${this.#print}` };
    // Some browsers are quicker with candidates than with the promise.
    this.onicecandidate?.({ candidate: { candidate: `way ${this.#way}`, toJSON: () => ({ candidate: `way ${this.#way}` }) } });
    this.onicecandidate?.({ candidate: null });
    this.signalingState = type === "offer" ? "have-local-offer" : "stable";
    if (type === "answer") this.#agreed(this.remoteDescription);
  }

  async setRemoteDescription(description) {
    await null;
    const { type, sdp } = description;
    if (this.signalingState === "closed") throw invalid("closed");
    if (type === "answer" && this.signalingState !== "have-local-offer") throw invalid("an answer to nothing");
    if (type === "offer" && this.signalingState === "have-local-offer") await this.setLocalDescription({ type: "rollback" });
    this.remoteDescription = description;
    const added = [];
    const agreed = this.currentRemoteDescription?.sdp.split("\n")[1];
    if (agreed && agreed !== sdp.split("\n")[1]) throw new Error("another end");
    for (const { mid, kind } of read(sdp).lines) {
      if (this.#transceivers.some((each) => each.mid === mid)) continue;
      if (type === "answer") throw new Error("an answer has no lines of its own");
      // Those made by addTransceiver are never taken for a line of the other end.
      const made = new Transceiver(kind, "recvonly");
      made.mid = mid;
      this.#transceivers.push(made);
      added.push(made);
    }
    for (const transceiver of this.#transceivers) {
      if (transceiver.mid === null || transceiver.told) continue;
      transceiver.told = true;
      this.ontrack?.({ transceiver });
    }
    if (type === "offer") this.signalingState = "have-remote-offer";
    else {
      this.signalingState = "stable";
      this.#agreed(description);
    }
  }

  async addIceCandidate(candidate) {
    if (!this.remoteDescription) throw invalid("no description yet");
    const { way } = read(this.remoteDescription.sdp);
    if (candidate.candidate && candidate.candidate !== `way ${way}`) throw new Error("a candidate of another way");
    this.candidates.push(candidate.candidate);
    this.#look();
  }

  close() {
    this.signalingState = "closed";
  }

  async getStats() {
    return new Map();
  }

  /** Media does not pass any more. */
  fail(state = "failed") {
    this.candidates = [];
    this.#become(state);
  }

  #agreed(description) {
    this.currentRemoteDescription = description;
    this.currentLocal = this.localDescription;
    for (const each of this.#transceivers) if (each.mid !== null) Object.assign(each, { currentDirection: each.direction, fresh: false });
    this.#look();
  }

  #look() {
    const way = this.currentRemoteDescription && read(this.currentRemoteDescription.sdp).way;
    if (way && this.candidates.includes(`way ${way}`)) this.#become("connected");
  }

  #become(state) {
    if (this.signalingState === "closed") return;
    this.connectionState = this.iceConnectionState = state;
    if (state === "connected" && this.channel) this.channel.readyState = "open";
    this.oniceconnectionstatechange?.();
    this.onconnectionstatechange?.();
  }
}

/** A machine with devices; `refuse` names the DOMException of a kind. */
class MediaDevices {
  asked = [];

  constructor({ kinds = ["audio", "video"], refuse = null } = {}) {
    Object.assign(this, { kinds, refuse });
  }

  async enumerateDevices() {
    return this.kinds.map((kind) => ({ kind: `${kind}input`, deviceId: `the ${kind}`, label: "" }));
  }

  async getUserMedia(wanted) {
    this.asked.push(wanted);
    if (this.refuse) throw Object.assign(new Error(), { name: this.refuse });
    if (Object.keys(wanted).some((kind) => !this.kinds.includes(kind))) throw Object.assign(new Error(), { name: "NotFoundError" });
    return new MediaStream(Object.keys(wanted).map((kind) => new Track(kind)));
  }

  async getDisplayMedia() {
    if (this.refuse) throw Object.assign(new Error(), { name: this.refuse });
    return new MediaStream([new Track("video", "screen")]);
  }
}

module.exports = { MediaDevices, MediaStream, PeerConnection, Track };
