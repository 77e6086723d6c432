/**
 * video.js: calls and rooms of a comet server, in the browser. It needs comet.js beside it, and nothing else.
 *
 *     const video = new CometVideo(Comet.connect({ userId: 7, key: "secret" }));
 *     video.on("ring", async (ring) => show(await ring.accept({ mode: "video" })));
 *     const room = await video.call(9, { mode: "video" });
 *     room.on("stream", ({ member, stream }) => (element(member).srcObject = stream));
 *
 * or, with the names that pages made for CppComet know:
 *
 *     cometVideoApi.start({ onCall: () => cometVideoApi.acceptCall({ type: "video", video_remote: "other" }) });
 *
 * As a script it defines `CometVideo`, `CometVideoApi` and `cometVideoApi`; in Node it may be required; `video.mjs` is
 * the same as a module. What each name takes and gives is written down in `video.d.ts`; what pages tell each other in
 * signals, in docs/reference/video-client.rst.
 *
 * From the bottom to the top: Own is what this page sends; a Connection carries it; a Mesh has a Connection to each
 * other page, a Relay two to the media server; a Room has one of these and the seat; CometVideo rings and joins;
 * CometVideoApi gives that its familiar names. The server leaves the comments out. MIT licence.
 */
(function (root) {
  "use strict";

  // Milliseconds: until the server has welcomed a connection, or has heard that this page leaves; how often the microphone is listened to, and for how long
  // somebody who pauses is still talking; between two reports to those who want statistics.
  const WELCOME_TIME = 15_000;
  const LEAVE_TIME = 2_000;
  const LISTEN_TIME = 100;
  const PAUSE_TIME = 900;
  const STATS_TIME = 2_000;
  // How long a way for media may be interrupted before another one is looked for, and how long that may take.
  const GAP_TIME = 2_500;
  const RESTART_TIME = 8_000;
  // How soon what has failed at the media server is tried again: this doubles up to the cap.
  const RETRY_TIME = 500;
  const RETRY_CAP = 30_000;
  // How loud talking is, of 1.
  const LOUDNESS = 0.02;
  // What fits into a signal, or a message between pages, in characters.
  const DATA_LIMIT = 60_000;
  // How many candidates may wait for the description before them.
  const CANDIDATES_LIMIT = 200;
  // The refresh of TURN credentials, in seconds before they run out.
  const ICE_MARGIN = 60;

  /** What a page sends, in the order of the media lines between two pages, and the kind of each. */
  const KINDS = { microphone: "audio", camera: "video", screen: "video" };
  const SOURCES = Object.keys(KINDS);
  /** What the server calls them. */
  const FLAGS = { microphone: "audio", camera: "video", screen: "screen" };
  /** kbit/s for a camera, and how much smaller it is, by the number of those who each get a copy of it. */
  const SHARES = [null, { video: 1500, scale: 1 }, { video: 700, scale: 2 }, { video: 450, scale: 2 }];
  const FEWER = { video: 300, scale: 3 };

  // Small things ------------------------------------------------------------------------------------------------

  const comet = () => root.Comet ?? (typeof require === "function" ? require("./comet.js") : undefined);

  /** An error of our own, of the same class as those of the server. */
  const problem = (name, reason, cause) => Object.assign(new (comet().CometError)({ name, reason }), { cause });

  /** One callback that fails must not keep the news from the others. */
  function run(callback, ...values) {
    try {
      const done = callback(...values);
      if (done?.catch) done.catch(report);
    } catch (error) {
      report(error);
    }
  }

  function report(error) {
    if (root.reportError) root.reportError(error);
    else root.setTimeout(() => { throw error; });
  }

  /** What is taken from the browser; each may be replaced by a test. */
  const environment = {
    RTCPeerConnection: root.RTCPeerConnection,
    MediaStream: root.MediaStream,
    AudioContext: root.AudioContext ?? root.webkitAudioContext,
    BroadcastChannel: root.document && root.BroadcastChannel,
    mediaDevices: root.document && root.navigator?.mediaDevices,
    isSecure: root.isSecureContext !== false,
    setTimeout: (callback, delay) => root.setTimeout(callback, delay),
    clearTimeout: (timer) => root.clearTimeout(timer),
    now: () => Date.now(),
    events: (root.document && root) || null,
  };

  /** Callbacks by the name of what they wait for. */
  class Emitter {
    #callbacks = new Map();

    /** @returns {Function} Call it to stop. */
    on(name, callback) {
      if (typeof callback !== "function") throw new TypeError(`${name}: the callback is missing`);
      const entry = { callback };
      this.#callbacks.set(name, [...(this.#callbacks.get(name) ?? []), entry]);
      return () => this.#callbacks.set(name, this.#callbacks.get(name).filter((other) => other !== entry));
    }

    hears(name) {
      return Boolean(this.#callbacks.get(name)?.length);
    }

    emit(name, ...values) {
      for (const { callback } of this.#callbacks.get(name) ?? []) run(callback, ...values);
    }
  }

  // What this page sends ----------------------------------------------------------------------------------------

  const REFUSALS = {
    NotAllowedError: "refused",
    SecurityError: "refused",
    NotFoundError: "missing",
    OverconstrainedError: "missing",
    NotReadableError: "busy",
    AbortError: "busy",
  };
  const SENTENCES = {
    camera_refused: "the camera may not be used by this page",
    microphone_refused: "the microphone may not be used by this page",
    screen_refused: "the screen was not shared",
    no_camera: "there is no camera",
    no_microphone: "there is no microphone",
    no_screen: "there is no screen to share",
    camera_busy: "the camera is there, but cannot be used; another program may have it",
    microphone_busy: "the microphone is there, but cannot be used; another program may have it",
    screen_busy: "the screen cannot be shared just now",
    insecure: "browsers give camera and microphone only to pages that come over https, or from this machine",
  };

  /** @returns {Promise<CometError>} Why a camera, microphone or screen is not to be had. */
  async function refusal(error, wanted, { mediaDevices, isSecure }) {
    if (!mediaDevices) return problem(isSecure ? `no_${wanted[0]}` : "insecure", SENTENCES[isSecure ? `no_${wanted[0]}` : "insecure"], error);
    const what = REFUSALS[error.name] ?? "busy";
    let [which] = wanted;
    if (what === "missing" && wanted.length > 1) {
      // The browser does not say which of the two it is.
      const devices = await mediaDevices.enumerateDevices().catch(() => []);
      which = wanted.find((source) => !devices.some(({ kind }) => kind === `${KINDS[source]}input`)) ?? which;
    }
    const name = what === "missing" ? `no_${which}` : `${which}_${what}`;
    return problem(name, SENTENCES[name], error);
  }

  /** Camera, microphone and screen of this page: what is on, what each is, and whether somebody talks. */
  class Own extends Emitter {
    /** By source; null for what is off. */
    tracks = { microphone: null, camera: null, screen: null };
    /** What to show to the one who sends it. */
    stream;
    screenStream;
    isMuted = false;
    isHeld = false;
    isTalking = false;
    #environment;
    #constraints;
    /** Tracks that a page has made itself are not ours to stop. */
    #given = new Set();
    #ears = null;
    #timer = null;
    #over = false;

    /** @param {{audio, video}} constraints What to ask the browser for, besides the device. */
    constructor(environment, { audio = {}, video = {} }) {
      super();
      this.#environment = environment;
      this.#constraints = {
        microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...audio },
        camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, ...video },
      };
      this.stream = environment.MediaStream ? new environment.MediaStream() : null;
      this.screenStream = environment.MediaStream ? new environment.MediaStream() : null;
    }

    /** Begin with what a mode stands for, or with tracks that are there. */
    async begin(mode, stream) {
      if (stream) {
        for (const track of stream.getTracks()) {
          this.#given.add(track);
          this.#put(track.kind === "audio" ? "microphone" : "camera", track);
        }
        return;
      }
      if (mode === "screen") await this.share();
      if (mode !== "listen") await this.#open(mode === "video" ? ["camera", "microphone"] : ["microphone"]);
    }

    /** What is on, as the server is told. */
    get flags() {
      const { microphone, camera, screen } = this.tracks;
      return {
        audio: Boolean(microphone) && !this.isMuted,
        video: Boolean(camera?.enabled),
        screen: Boolean(screen),
        hold: this.isHeld,
        talking: this.isTalking && !this.isMuted && !this.isHeld,
      };
    }

    /** The track to send, if any: nothing while the call is held. */
    outgoing(source) {
      return this.isHeld ? null : this.tracks[source];
    }

    /** Another device for a source, or the same again. */
    async use(source, deviceId) {
      if (deviceId !== undefined) this.#constraints[source].deviceId = { exact: deviceId };
      if (this.tracks[source]) await this.#open([source]);
    }

    async muteAudio(muted) {
      if (!muted && !this.tracks.microphone) await this.#open(["microphone"]);
      this.isMuted = muted;
      if (this.tracks.microphone) this.tracks.microphone.enabled = !muted;
      if (muted) this.#talks(false);
      this.emit("changed");
    }

    /** A camera that is not seen is off, and its light too. */
    async muteVideo(muted) {
      const { camera } = this.tracks;
      if (this.#given.has(camera)) camera.enabled = !muted;
      else if (muted) return this.#put("camera", null);
      else if (!camera) return this.#open(["camera"]);
      this.emit("changed");
      return undefined;
    }

    hold(held) {
      this.isHeld = held;
      this.#replaced(...SOURCES);
    }

    async share() {
      const { mediaDevices } = this.#environment;
      let stream;
      try {
        stream = await mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: false });
      } catch (error) {
        throw await refusal(error, ["screen"], this.#environment);
      }
      const [track] = stream.getVideoTracks();
      track.contentHint = "detail";
      this.#put("screen", track);
    }

    stopSharing() {
      if (this.tracks.screen) this.#put("screen", null);
    }

    close() {
      this.#over = true;
      this.#environment.clearTimeout(this.#timer);
      this.#ears?.context.close().catch(() => {});
      this.#ears = null;
      for (const source of SOURCES) {
        const track = this.tracks[source];
        if (track && !this.#given.has(track)) track.stop();
        this.tracks[source] = null;
      }
    }

    async #open(sources) {
      const { mediaDevices } = this.#environment;
      const wanted = Object.fromEntries(sources.map((source) => [KINDS[source], this.#constraints[source]]));
      let stream;
      try {
        stream = await mediaDevices.getUserMedia(wanted);
      } catch (error) {
        throw await refusal(error, sources, this.#environment);
      }
      for (const track of stream.getTracks()) this.#put(track.kind === "audio" ? "microphone" : "camera", track);
    }

    #put(source, track) {
      if (this.#over) return track?.stop();
      const before = this.tracks[source];
      const stream = source === "screen" ? this.screenStream : this.stream;
      if (before) {
        before.onended = null;
        if (!this.#given.has(before)) before.stop();
        stream?.removeTrack(before);
      }
      this.tracks[source] = track;
      if (track) {
        stream?.addTrack(track);
        // It was unplugged, taken back, or its sharing was stopped by the browser's own button.
        track.onended = () => {
          this.#put(source, null);
          if (source !== "screen") this.emit("lost", problem(`${source}_busy`, `the ${source} is gone`));
        };
        if (source === "microphone") {
          track.enabled = !this.isMuted;
          this.#listen(track);
        }
      }
      this.#replaced(source);
      return undefined;
    }

    #replaced(...sources) {
      for (const source of sources) this.emit("track", source);
      this.emit("changed");
    }

    // Who talks is heard where the microphone is, and told to the others: that costs each page one meter only.

    #listen(track) {
      const { AudioContext, MediaStream } = this.#environment;
      if (!AudioContext) return;
      try {
        const context = this.#ears?.context ?? new AudioContext();
        this.#ears?.input.disconnect();
        const input = context.createMediaStreamSource(new MediaStream([track]));
        const meter = context.createAnalyser();
        meter.fftSize = 512;
        input.connect(meter);
        this.#ears = { context, input, meter, samples: new Float32Array(512), heardAt: 0 };
        this.#hear();
      } catch {
        // Nobody is told who talks, then.
      }
    }

    #hear() {
      this.#environment.clearTimeout(this.#timer);
      this.#timer = this.#environment.setTimeout(() => this.#hear(), LISTEN_TIME);
      const { context, meter, samples } = this.#ears;
      if (context.state === "suspended") context.resume().catch(() => {});
      meter.getFloatTimeDomainData(samples);
      const now = this.#environment.now();
      if (Math.hypot(...samples) / Math.sqrt(samples.length) > LOUDNESS) this.#ears.heardAt = now;
      this.#talks(now - this.#ears.heardAt < PAUSE_TIME && !this.isMuted);
    }

    #talks(talking) {
      if (talking === this.isTalking) return;
      this.isTalking = talking;
      this.emit("changed");
    }
  }

  // The way of media --------------------------------------------------------------------------------------------

  /** What one end of a connection is known by for as long as that lasts. */
  const printOf = ({ sdp }) => sdp.match(/^a=fingerprint:(.*)$/m)?.[1];

  /** Why a signal may not arrive: one of both ends is not there just now. */
  const AWAY = ["no_seat", "not_in_room", "no_room", "closed", "away", "media_away"];

  /**
   * One RTCPeerConnection, and the negotiation about it: whatever happens, one after the other.
   *
   * The sources have fixed media lines, so that switching them on and off needs no negotiation.
   */
  class Connection {
    pc = null;
    /** The transceivers of what this page sends, by source. */
    senders = new Map();
    #environment;
    #options;
    #candidates = [];
    /** Own candidates while the description that they belong to is being made: they must not overtake it. */
    #unsaid = null;
    #turn = Promise.resolve();
    #over = false;
    #gap = null;

    /**
     * @param {object} options
     * @param {boolean} options.polite Whether to give way when both make an offer.
     * @param {function(): Promise<object[]>} options.ice Gives the servers that help to find a way.
     * @param {function(object): Promise} options.say Tells the other end something.
     * @param {function(): void} options.changed Is told when the way is found, or lost.
     * @param {function(RTCPeerConnection): void} options.made Prepares a new connection.
     * @param {function(RTCPeerConnection): void} options.lines Adds what is to be offered, and has no line yet.
     * @param {function(object): void} options.described Is called once an offer of the other end was taken, before it
     *   is answered.
     * @param {boolean} options.restarts Whether it looks for another way itself when one fails.
     */
    constructor(environment, options) {
      this.#environment = environment;
      this.#options = { restarts: true, ...options };
    }

    get state() {
      return this.pc?.connectionState ?? "new";
    }

    /** Whether both ends have agreed once. */
    get isAgreed() {
      return Boolean(this.pc?.currentRemoteDescription);
    }

    /** Make an offer. */
    offer() {
      return this.#next(async () => {
        await this.#open();
        this.#options.lines(this.pc);
        await this.#describe();
      });
    }

    /** Look for another way, or begin anew if there was none yet. */
    restart() {
      return this.#next(async () => {
        if (!this.isAgreed) {
          this.#drop();
          await this.#open();
          this.#options.lines(this.pc);
        } else {
          if (this.pc.signalingState === "have-local-offer") await this.pc.setLocalDescription({ type: "rollback" });
          this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: await this.#options.ice() });
          this.pc.restartIce();
        }
        await this.#describe();
      });
    }

    /** Begin anew with what comes next. */
    renew() {
      return this.#next(async () => this.#drop());
    }

    /** The other end has said something. */
    received({ description, candidate }, ...more) {
      return this.#next(() => (description ? this.#described(description, ...more) : this.#candidate(candidate)));
    }

    /** Send this from now on, null for nothing. @returns {boolean} Whether there is a line for it. */
    put(source, track) {
      const transceiver = this.senders.get(source);
      if (!transceiver) return false;
      transceiver.sender.replaceTrack(track).catch(() => {});
      return true;
    }

    /** Bound what is sent: kbit/s of a source, and by how much pictures are made smaller. */
    async limit(source, kbit, scale) {
      const sender = this.senders.get(source)?.sender;
      const parameters = sender?.getParameters();
      if (!parameters?.encodings?.length) return;
      for (const encoding of parameters.encodings) {
        if (kbit) encoding.maxBitrate = kbit * 1000;
        else delete encoding.maxBitrate;
        if (scale) encoding.scaleResolutionDownBy = scale;
      }
      await sender.setParameters(parameters).catch(() => {});
    }

    close() {
      this.#over = true;
      this.#drop();
    }

    #next(work) {
      const step = async () => {
        if (this.#over) return;
        try {
          await work();
        } catch (error) {
          // Closed meanwhile; or a description that came too late for its offer, which another one follows.
          if (!this.#over && error.name !== "InvalidStateError") this.#options.failed?.(error);
        }
      };
      this.#turn = this.#turn.then(step);
      return this.#turn;
    }

    async #open() {
      if (this.pc) return;
      const iceServers = await this.#options.ice();
      if (this.#over) return;
      const { iceTransportPolicy } = this.#options;
      const configuration = { iceServers, iceTransportPolicy, bundlePolicy: "max-bundle" };
      const pc = (this.pc = new this.#environment.RTCPeerConnection(configuration));
      pc.onicecandidate = ({ candidate }) => {
        const data = { candidate: candidate && (candidate.toJSON?.() ?? candidate) };
        if (this.#unsaid) this.#unsaid.push(data);
        else this.#say(data);
      };
      pc.onconnectionstatechange = () => this.#changed(pc);
      pc.oniceconnectionstatechange = () => this.#changed(pc);
      this.#options.made?.(pc);
    }

    #drop() {
      this.#environment.clearTimeout(this.#gap);
      const { pc } = this;
      this.pc = null;
      this.senders.clear();
      this.#candidates = [];
      this.#unsaid = null;
      if (!pc) return;
      pc.onicecandidate = pc.onconnectionstatechange = pc.oniceconnectionstatechange = pc.ontrack = null;
      pc.close();
    }

    async #describe() {
      if (this.#over) return;
      const { pc } = this;
      const unsaid = (this.#unsaid = []);
      try {
        await pc.setLocalDescription();
      } finally {
        this.#unsaid = null;
      }
      const { type, sdp } = pc.localDescription;
      this.#say({ description: { type, sdp }, ...this.#options.about?.(type) });
      for (const data of unsaid) this.#say(data);
    }

    async #described(description, ...more) {
      // The page at the other end was loaded anew, and knows nothing of what was agreed.
      if (this.isAgreed && printOf(description) !== printOf(this.pc.currentRemoteDescription)) {
        this.#drop();
        if (description.type === "answer") return void this.offer();
      }
      await this.#open();
      if (description.type === "offer" && this.pc.signalingState === "have-local-offer") {
        if (!this.#options.polite) return;
        // What had not been agreed yet would stay behind in a rollback, as lines of its own.
        if (!this.isAgreed) {
          this.#drop();
          await this.#open();
        }
      }
      await this.pc.setRemoteDescription(description);
      for (const candidate of this.#candidates.splice(0)) await this.#add(candidate);
      this.#options.described?.(this.pc, ...more);
      if (description.type === "offer") await this.#describe();
    }

    async #candidate(candidate) {
      if (this.pc?.remoteDescription) await this.#add(candidate);
      else if (this.#candidates.length < CANDIDATES_LIMIT) this.#candidates.push(candidate);
    }

    /** One that belongs to an offer that was passed over is of no use, nor is one for a way that is left already. */
    async #add(candidate) {
      await this.pc.addIceCandidate(candidate ?? { candidate: "" }).catch(() => {});
    }

    #say(data) {
      // Who is away just now gets an offer on coming back.
      this.#options.say(data).catch((error) => {
        if (!AWAY.includes(error.kind)) this.#options.failed?.(error);
      });
    }

    #changed(pc) {
      if (pc !== this.pc) return;
      this.#options.changed?.(this.state);
      const { iceConnectionState } = pc;
      this.#environment.clearTimeout(this.#gap);
      if (!this.#options.restarts || !/^(disconnected|failed)$/.test(iceConnectionState)) return;
      const look = () => {
        this.#gap = this.#environment.setTimeout(look, RESTART_TIME);
        this.restart();
      };
      // Both ends see that it fails; who was there longer waits for less.
      const wait = iceConnectionState === "failed" ? 0 : GAP_TIME;
      this.#gap = this.#environment.setTimeout(look, wait + (this.#options.polite ? GAP_TIME : 0));
    }
  }

  /** From each to each. */
  class Mesh {
    #room;
    #peers = new Map();

    constructor(room) {
      this.#room = room;
    }

    /** @returns {RTCPeerConnection[]} */
    get connections() {
      return [...this.#peers.values()].map(({ connection }) => connection);
    }

    /** Somebody is there. @param {boolean} first Whether they were there before this page: then it gives way. */
    enter(member, first, offers = first) {
      if (this.#peers.has(member.seat)) return;
      const peer = { member, connection: null, channel: null };
      peer.connection = new Connection(this.#room.environment, {
        polite: first,
        iceTransportPolicy: this.#room.iceTransportPolicy,
        ice: () => this.#room.ice(),
        say: (data) => this.#room.signal(member.seat, data),
        failed: (error) => this.#room.failed(error),
        changed: (state) => this.#changed(peer, state),
        made: (pc) => this.#made(peer, pc),
        lines: (pc) => this.#lines(peer, pc),
        described: (pc) => this.#described(peer, pc),
      });
      this.#peers.set(member.seat, peer);
      if (offers) peer.connection.offer();
      this.#share();
    }

    leave(member) {
      this.#peers.get(member.seat)?.connection.close();
      this.#peers.delete(member.seat);
      this.#share();
    }

    /** Somebody has come back, or this page has: who was there longer offers. */
    back(member, first) {
      this.enter(member, first, false);
      if (!first) this.#peers.get(member.seat).connection.restart();
    }

    received(seat, data) {
      this.#peers.get(seat)?.connection.received(data);
    }

    put(source, track) {
      for (const { connection } of this.#peers.values()) {
        // The other end may have offered fewer lines than we would.
        if (!connection.put(source, track) && track && connection.isAgreed) connection.offer();
      }
    }

    /** @returns {boolean} Whether there was a direct way. */
    send(seat, text) {
      const channel = this.#peers.get(seat)?.channel;
      if (channel?.readyState !== "open") return false;
      channel.send(text);
      return true;
    }

    limit() {
      this.#share();
    }

    close() {
      for (const { connection } of this.#peers.values()) connection.close();
      this.#peers.clear();
    }

    #lines({ connection: { senders } }, pc) {
      for (const source of SOURCES) {
        if (senders.has(source)) continue;
        const track = this.#room.own.outgoing(source);
        senders.set(source, pc.addTransceiver(track ?? KINDS[source], { direction: "sendrecv" }));
      }
    }

    #made(peer, pc) {
      const channel = (peer.channel = pc.createDataChannel("comet", { negotiated: true, id: 0 }));
      channel.onmessage = ({ data }) => typeof data === "string" && this.#room.heard(peer.member, data);
      pc.ontrack = ({ transceiver }) => {
        this.#room.track(peer.member, this.#source(pc, transceiver), transceiver.receiver.track, pc, transceiver);
      };
    }

    /** Which source a line is: the first of a kind is microphone or camera, the second one a screen. */
    #source(pc, transceiver) {
      const kind = transceiver.receiver.track.kind;
      if (kind === "audio") return "microphone";
      const videos = pc.getTransceivers().filter(({ receiver, mid }) => mid !== null && receiver.track.kind === "video");
      return videos.indexOf(transceiver) < 1 ? "camera" : "screen";
    }

    /** Send on the lines of the other's offer, too. */
    #described({ connection }, pc) {
      for (const transceiver of pc.getTransceivers()) {
        const source = transceiver.mid === null || transceiver.currentDirection === "stopped" ? null : this.#source(pc, transceiver);
        if (!source || connection.senders.has(source)) continue;
        connection.senders.set(source, transceiver);
        transceiver.direction = "sendrecv";
        connection.put(source, this.#room.own.outgoing(source));
      }
    }

    #changed(peer, state) {
      if (state === "connected") this.#share();
      this.#room.linked(peer.member, state);
    }

    /** What goes out to several is smaller for each. */
    #share() {
      const { audio, video } = this.#room.limits;
      const share = SHARES[this.#peers.size] ?? FEWER;
      for (const { connection } of this.#peers.values()) {
        connection.limit("microphone", audio);
        connection.limit("camera", video ?? share.video, share.scale);
      }
    }
  }

  /** By way of the media server: one connection there, one back, which the media server offers. */
  class Relay {
    #room;
    #publishing;
    #subscribed;
    /** Whose each line of the connection back is, by its mid. */
    #owners = new Map();
    /** The numbers of the latest own offer, of the connection back, of the latest offer to it, and of that which is being answered. */
    #offers = 0;
    #back;
    #offered;
    #answering;
    /** How often either has failed since it worked. */
    #failures = 0;
    #timers = {};

    constructor(room) {
      this.#room = room;
      const options = {
        iceTransportPolicy: room.iceTransportPolicy,
        ice: () => room.ice(),
        failed: (error) => room.failed(error),
        changed: () => this.#changed(),
      };
      this.#publishing = new Connection(room.environment, {
        ...options,
        polite: false,
        lines: (pc) => this.#lines(pc),
        say: (data) => room.signal("media", { kind: "publish", ...data }),
        about: () => ({
          offer: ++this.#offers,
          streams: [...this.#publishing.senders].map(([source, { mid }]) => ({ mid, source })),
        }),
      });
      this.#subscribed = new Connection(room.environment, {
        ...options,
        polite: true,
        // Only the media server makes offers here.
        restarts: false,
        say: (data) => room.signal("media", { kind: "subscribe", connection: this.#back, ...data }),
        about: () => ({ offer: this.#answering }),
        described: (pc, streams, offer) => this.#described(pc, streams, offer),
      });
      this.#publish();
    }

    get connections() {
      return [this.#publishing, this.#subscribed];
    }

    enter() {}
    leave() {}
    back() {}

    /** This page has come back: the way to the media server may be another one. */
    returned() {
      if (this.#publishing.isAgreed && this.#publishing.state !== "connected") this.#publishing.restart();
      if (this.#subscribed.isAgreed && this.#subscribed.state !== "connected") this.#later("subscribe", () => this.#ask());
    }

    received(_, { kind, failed, offer, connection, streams = [], ...data }) {
      if (kind === "publish") {
        // What is about an offer that does not count any more.
        if (offer !== undefined && offer !== this.#offers) return;
        if (failed) this.#failed(failed, "publish", () => this.#publishing.renew().then(() => this.#publish()));
        else this.#publishing.received(data);
      } else if (kind === "subscribe") {
        if (failed) {
          if (offer === undefined || offer === this.#offered) this.#failed(failed, "subscribe", () => this.#ask());
          return;
        }
        if (data.description) this.#offered = offer;
        if (connection !== this.#back) {
          if (!data.description) return;
          this.#back = connection;
          this.#subscribed.renew();
        }
        this.#subscribed.received(data, streams, offer);
      }
    }

    put(source, track) {
      if (!this.#publishing.put(source, track) && track) this.#publish();
    }

    /** There is no direct way here. */
    send() {
      return false;
    }

    limit() {
      const { audio, video } = this.#room.limits;
      this.#publishing.limit("microphone", audio);
      this.#publishing.limit("camera", video);
    }

    close() {
      for (const timer of Object.values(this.#timers)) this.#room.environment.clearTimeout(timer);
      for (const connection of this.connections) connection.close();
    }

    /** The media server has no use for a connection: the page is told why, and another one is tried. */
    #failed(reason, name, work) {
      this.#room.failed(problem("media_failed", reason));
      this.#later(name, work);
    }

    /** Let everything be offered over a new connection back. */
    #ask() {
      this.#room.signal("media", { kind: "subscribe" }).catch(() => {});
    }

    /** What fails again and again is tried less and less often. */
    #later(name, work) {
      const { clearTimeout, setTimeout } = this.#room.environment;
      clearTimeout(this.#timers[name]);
      const wait = Math.min(RETRY_CAP, RETRY_TIME * 2 ** this.#failures++);
      this.#timers[name] = setTimeout(work, wait);
    }

    /** Whoever sends nothing needs no connection there. */
    #publish() {
      if (SOURCES.some((source) => this.#room.own.outgoing(source))) this.#publishing.offer();
    }

    #lines(pc) {
      const { senders } = this.#publishing;
      for (const source of SOURCES) {
        const track = this.#room.own.outgoing(source);
        if (track && !senders.has(source)) senders.set(source, pc.addTransceiver(track, { direction: "sendonly" }));
      }
    }

    #described(pc, streams, offer) {
      this.#answering = offer;
      const before = new Map(this.#owners);
      this.#owners.clear();
      for (const { mid, seat, kind, source } of streams) {
        const member = this.#room.members.get(seat);
        const transceiver = pc.getTransceivers().find((each) => each.mid === mid);
        if (!member || !transceiver) continue;
        const of = kind === "audio" ? "microphone" : source === "screen" ? "screen" : "camera";
        this.#owners.set(mid, { member, of });
        this.#room.track(member, of, transceiver.receiver.track, pc, transceiver);
      }
      for (const [mid, { member, of }] of before) {
        const now = this.#owners.get(mid);
        if (now?.member !== member || now.of !== of) this.#room.untrack(member, of, mid);
      }
      this.#changed();
    }

    #changed() {
      if (this.#publishing.state === "connected") this.limit();
      if (this.#subscribed.state === "connected") this.#failures = 0;
      else if (this.#subscribed.state === "failed") this.#later("subscribe", () => this.#ask());
      const members = new Set([...this.#owners.values()].map(({ member }) => member));
      for (const member of members) this.#room.linked(member, this.#subscribed.state);
    }
  }

  // Statistics --------------------------------------------------------------------------------------------------

  /** What one connection says of its lines, by their mid. */
  async function measure({ pc }) {
    const found = { lines: new Map(), route: null, rtt: null };
    if (!pc) return found;
    const reports = await pc.getStats();
    for (const each of reports.values()) {
      if (each.type === "inbound-rtp" || each.type === "outbound-rtp") {
        found.lines.set(`${each.type === "inbound-rtp" ? "in" : "out"} ${each.mid}`, each);
      }
      const isChosen = each.type === "transport" && each.selectedCandidatePairId;
      const pair = isChosen ? reports.get(each.selectedCandidatePairId) : each.type === "candidate-pair" && each.selected ? each : null;
      if (!pair) continue;
      const kinds = [reports.get(pair.localCandidateId), reports.get(pair.remoteCandidateId)].map((end) => end?.candidateType);
      found.route = kinds.includes("relay") ? "relay" : "direct";
      found.rtt = pair.currentRoundTripTime ?? null;
    }
    return found;
  }

  /** What has gone over a line, for people: numbers since the beginning, and kbit/s since it was asked before. */
  function figures(line, before) {
    if (!line) return null;
    const bytes = line.bytesReceived ?? line.bytesSent ?? 0;
    const seconds = before ? (line.timestamp - before.timestamp) / 1000 : 0;
    const kbit = seconds > 0 ? ((bytes - before.bytes) * 8) / 1000 / seconds : 0;
    return {
      bytes,
      kbit: Math.max(0, Math.round(kbit)),
      packets: line.packetsReceived ?? line.packetsSent ?? 0,
      lost: line.packetsLost ?? 0,
      ...(line.kind === "audio"
        ? { energy: line.totalAudioEnergy ?? 0 }
        : {
            frames: line.framesDecoded ?? line.framesEncoded ?? 0,
            framesPerSecond: line.framesPerSecond ?? 0,
            width: line.frameWidth ?? 0,
            height: line.frameHeight ?? 0,
          }),
    };
  }

  // Rooms -------------------------------------------------------------------------------------------------------

  /** Somebody in the room, this page itself included. */
  class Member {
    /** What comes from there, to be shown: camera and microphone, and the screen. */
    stream;
    screenStream;
    /** Whether media flows: "new", "connecting", "connected", "disconnected" or "failed". */
    link = "new";
    isSelf;
    /** By source: the connection and the line it comes over. */
    lines = new Map();

    constructor(environment, isSelf, own) {
      this.isSelf = isSelf;
      this.stream = isSelf ? own.stream : new environment.MediaStream();
      this.screenStream = isSelf ? own.screenStream : new environment.MediaStream();
      if (isSelf) this.link = "connected";
    }

    /** Take over what the server says. */
    told({ seat, connection, user_id, audio, video, screen, hold, talking, lost, since }) {
      const now = { seat, connection, userId: user_id, audio, video, screen, hold, talking, lost, since };
      for (const [name, value] of Object.entries(now)) if (value !== undefined) this[name] = value;
      return this;
    }
  }

  /** A place in a call or a room: who else is there, what they send, and what becomes of it. */
  class Room extends Emitter {
    environment;
    own;
    name;
    kind;
    seat;
    topology;
    /** How many may be here. */
    capacity;
    /** Whether media goes over relays only: "relay" or "all". */
    iceTransportPolicy;
    /** By seat, in the order in which they came. */
    members = new Map();
    /** Messages from page to page. */
    data = { send: (value, seat) => this.#send(value, seat) };
    /** kbit/s; undefined for what is found to be right. */
    limits = {};
    #line;
    #mode;
    #secret;
    #servers = [];
    #expires = 0;
    #way = null;
    #speaker;
    #shown = new Map();
    #told = {};
    #over = false;
    /** News that waits until the page can have heard of what is before it. */
    #held = [];
    #isReturning = false;
    #samples = new Map();
    #timer = null;
    #offs = [];

    /**
     * @param {Line} line What this room talks to the server over.
     * @param {object} answer The one to `call` or `join`.
     */
    constructor(environment, line, own, { mode, relay }, answer) {
      super();
      this.environment = environment;
      this.own = own;
      this.iceTransportPolicy = relay ? "relay" : "all";
      this.#line = line;
      this.#mode = mode;
      this.name = answer.room;
      this.kind = answer.kind;
      this.#seated(answer);
      this.#offs = [
        own.on("track", (source) => this.#way.put(source, own.outgoing(source))),
        own.on("changed", () => this.#tell()),
        own.on("lost", (error) => this.emit("error", error)),
        line.on("frame", (frame) => this.#received(frame)),
        line.on("state", (state) => this.#connected(state)),
      ];
      this.#turn(answer.topology);
      this.#tell();
      // Who waits for this room shall be able to listen before anything happens in it.
      environment.setTimeout(() => this.#release(), 0);
    }

    /** Oneself. */
    get self() { return this.members.get(this.seat); }

    /** Who else is here. */
    get others() { return [...this.members.values()].filter(({ isSelf }) => !isSelf); }

    /** Who is talking. */
    get talking() { return [...this.members.values()].filter(({ talking }) => talking); }

    get isOver() { return this.#over; }

    // What one may do

    /** Get up; hang up. Ends the room for this page, whatever the server says. */
    async leave() {
      if (this.#over) return;
      const said = this.#isReturning ? null : this.#line.ask({ cmd: "leave", room: this.name }).catch(() => {});
      this.#end("hangup", said);
      await said;
    }

    /** Switch microphone and camera off (true) or on (false); what is left out stays. */
    async mute({ audio, video }) {
      if (audio !== undefined) await this.own.muteAudio(Boolean(audio));
      if (video !== undefined) await this.own.muteVideo(Boolean(video));
    }

    /** Neither send nor play, until it is over. */
    hold(held = true) {
      for (const member of this.others) {
        for (const { track } of member.lines.values()) track.enabled = !held;
      }
      this.own.hold(Boolean(held));
    }

    /** Let the others see a screen or window, beside the camera; the browser asks which. */
    shareScreen() { return this.own.share(); }

    stopSharing() { this.own.stopSharing(); }

    devices() { return devices(this.environment); }

    /** Another camera, microphone or speaker, by the id that `devices` tells. */
    async use({ camera, microphone, speaker }) {
      if (speaker !== undefined) {
        this.#speaker = speaker;
        for (const element of this.#shown.keys()) this.#aim(element);
      }
      if (camera !== undefined) await this.own.use("camera", camera);
      if (microphone !== undefined) await this.own.use("microphone", microphone);
    }

    /** Bound what this page sends, in kbit/s; null for no bound. */
    limit({ audio, video }) {
      if (audio !== undefined) this.limits.audio = audio ?? undefined;
      if (video !== undefined) this.limits.video = video ?? undefined;
      this.#way.limit();
      return { ...this.limits };
    }

    /** Show what somebody sends in a `<video>` or `<audio>`, over the speaker that was chosen. */
    show(element, member = this.self, source = "camera") {
      const stream = source === "screen" ? member.screenStream : member.stream;
      if (element.srcObject !== stream) element.srcObject = stream;
      element.autoplay = element.playsInline = true;
      if (member.isSelf) element.muted = true;
      this.#shown.set(element, member);
      this.#aim(element);
      return element.play?.()?.catch?.(() => {});
    }

    /** Ring a further user into the room. */
    async invite(userId, { mode = "video", data } = {}) {
      await this.#line.ask({ cmd: "invite", room: this.name, user_id: Number(userId), mode, data: textOf(data) });
    }

    async cancel(userId) {
      await this.#line.ask({ cmd: "cancel", room: this.name, user_id: Number(userId) });
    }

    /** What has come from whom: numbers since the beginning, and kbit/s since it was asked before. */
    async stats() {
      const found = new Map();
      for (const connection of this.#way?.connections ?? []) found.set(connection.pc, await measure(connection));
      const samples = this.#samples;
      this.#samples = new Map();
      const read = (pc, key, name) => {
        const line = found.get(pc)?.lines.get(key);
        const figure = figures(line, samples.get(name));
        if (figure) this.#samples.set(name, { bytes: figure.bytes, timestamp: line.timestamp });
        return figure;
      };
      const received = this.others.map((member) => {
        const from = { member, seat: member.seat, route: null, rtt: null };
        for (const source of SOURCES) {
          const line = member.lines.get(source);
          from[source] = line ? read(line.pc, `in ${line.transceiver.mid}`, `${member.seat} ${source}`) : null;
          if (line) Object.assign(from, { route: found.get(line.pc)?.route ?? null, rtt: found.get(line.pc)?.rtt ?? null });
        }
        return from;
      });
      const sent = [];
      for (const { pc, senders } of this.#way?.connections ?? []) {
        for (const [source, { mid }] of senders) {
          const figure = read(pc, `out ${mid}`, `${[...found.keys()].indexOf(pc)} out ${source}`);
          if (figure) sent.push({ source, route: found.get(pc).route, ...figure });
        }
      }
      return { received, sent };
    }

    on(name, callback) {
      const off = super.on(name, callback);
      if (name === "stats" && !this.#timer) this.#measureLater();
      return off;
    }

    // What its parts use

    /** Servers that help to find a way; their credentials are fetched anew before they run out. */
    async ice() {
      if (this.#expires && this.#expires - ICE_MARGIN < this.environment.now() / 1000 + this.#line.skew) {
        try {
          this.#helped(await this.#line.ask({ cmd: "ice" }));
        } catch {
          // With what there is, then.
        }
      }
      return this.#servers;
    }

    async signal(to, data) {
      if (this.#isReturning) throw problem("away", "there is no connection to the server just now");
      await this.#line.ask({ cmd: "signal", room: this.name, to, data });
    }

    failed(error) {
      if (!this.#over) this.#news("error", error);
    }

    linked(member, state) {
      if (member.link === state) return;
      member.link = state;
      this.#news("link", { member, state });
    }

    /** Media of somebody comes in. */
    track(member, source, track, pc, transceiver) {
      const before = member.lines.get(source);
      if (before?.track === track) return;
      const stream = source === "screen" ? member.screenStream : member.stream;
      if (before) stream.removeTrack(before.track);
      member.lines.set(source, { track, pc, transceiver });
      track.enabled = !this.own.isHeld;
      const add = () => {
        if (member.lines.get(source)?.track !== track || stream.getTracks().includes(track)) return;
        stream.addTrack(track);
        this.#news("stream", { member, stream, source });
      };
      // A picture that does not come would keep the sound of the same stream waiting.
      if (track.kind === "audio" || !track.muted) add();
      else track.onunmute = add;
    }

    untrack(member, source, mid) {
      const line = member.lines.get(source);
      if (line?.transceiver.mid !== mid) return;
      member.lines.delete(source);
      (source === "screen" ? member.screenStream : member.stream).removeTrack(line.track);
    }

    /** Somebody's page has said something to this one. */
    heard(member, text) {
      try {
        this.#news("data", { member, data: JSON.parse(text) });
      } catch {
        // Not from a page of ours.
      }
    }

    // How it is done

    #seated({ seat, secret, members, ...answer }) {
      this.seat = seat;
      this.#secret = secret;
      this.capacity = answer.limit;
      this.#helped(answer);
      const there = new Set(members.map((member) => member.seat));
      for (const member of this.members.values()) if (!there.has(member.seat)) this.#gone(member, "lost");
      for (const each of members) this.#member(each);
    }

    #helped({ ice, expires, time }) {
      this.#servers = ice ?? [];
      this.#expires = expires ?? 0;
      if (time) this.#line.skew = time - this.environment.now() / 1000;
    }

    #member(told) {
      const isSelf = told.seat === this.seat;
      const member = this.members.get(told.seat) ?? new Member(this.environment, isSelf, this.own);
      this.members.set(told.seat, member.told(told));
      return member;
    }

    /** Whether somebody was here before this page. */
    #isFirst(member) {
      const order = [...this.members.keys()];
      return order.indexOf(member.seat) < order.indexOf(this.seat);
    }

    /** Begin with a way of media: all that were there are closed. */
    #turn(topology) {
      this.topology = topology;
      this.#way?.close();
      for (const member of this.others) {
        for (const [source, { transceiver }] of member.lines) this.untrack(member, source, transceiver.mid);
        this.linked(member, "new");
      }
      this.#way = topology === "sfu" ? new Relay(this) : new Mesh(this);
      // Also to those who came later than the seat was taken, if it was another page that took it.
      for (const member of this.others) this.#way.enter(member, this.#isFirst(member), true);
    }

    /** Frames that come while it is not known who sits where are taken once that is known. */
    #received(frame) {
      if (frame.room !== this.name || this.#over) return;
      if (this.#isReturning) this.#isReturning.push(frame);
      else this[`on_${frame.type}`]?.(frame);
    }

    on_entered({ member: told }) {
      const member = this.#member(told);
      this.#way.enter(member, false);
      this.#news("entered", { member });
    }

    on_gone({ seat, reason }) {
      const member = this.members.get(seat);
      if (member?.isSelf) this.#end(reason);
      else if (member) this.#gone(member, reason);
    }

    on_lost({ seat, until }) {
      const member = this.members.get(seat);
      if (!member) return;
      member.lost = true;
      this.#news("lost", { member, until });
    }

    on_back({ member: told }) {
      const isNew = !this.members.has(told.seat);
      const member = this.#member(told);
      this.#way.back(member, this.#isFirst(member));
      this.#news(isNew ? "entered" : "back", { member });
    }

    on_media({ type, room, time, ...told }) {
      const member = this.members.get(told.seat);
      if (!member) return;
      member.told(told);
      this.#news("media", { member });
    }

    on_signal({ from, data }) {
      if (from !== "media" && typeof data?.message === "string") {
        const member = this.members.get(from);
        if (member) this.heard(member, data.message);
      } else if ((from === "media") === (this.topology === "sfu")) this.#way.received(from, data);
    }

    on_topology({ topology }) {
      this.#turn(topology);
      this.#news("topology", { topology });
    }

    on_ringing({ user_id, devices }) { this.#news("ringing", { userId: user_id, devices }); }
    on_answered({ user_id, seat }) { this.#news("answered", { userId: user_id, seat }); }
    on_unanswered({ user_id, reason }) { this.#news("unanswered", { userId: user_id, reason }); }
    on_ended({ reason }) { this.#end(reason); }

    #gone(member, reason) {
      this.members.delete(member.seat);
      this.#way.leave(member);
      this.#news("gone", { member, reason });
    }

    /** The own connection to the server is lost, or there again. Media goes on meanwhile. */
    #connected({ state, final, reason }) {
      if (this.#over) return;
      if (state === "online") this.#return();
      else if (final) this.#end("lost");
      else if (!this.#isReturning) {
        this.#isReturning = [];
        this.#news("away", { reason });
      }
    }

    async #return() {
      const frames = (this.#isReturning = []);
      const join = { cmd: "join", room: this.name, mode: wireMode(this.#mode) };
      try {
        let answer;
        let isNew = false;
        try {
          answer = await this.#line.ask({ ...join, seat: this.seat, secret: this.#secret });
        } catch (error) {
          if (error.kind !== "no_seat" || this.kind === "call") throw error;
          isNew = true;
          answer = await this.#line.ask(join);
        }
        if (this.#over || this.#isReturning !== frames) return;
        if (isNew) {
          for (const member of this.others) this.#gone(member, "lost");
          this.members.clear();
        }
        const known = new Set(this.members.keys());
        this.#seated(answer);
        if (isNew || answer.topology !== this.topology) this.#turn(answer.topology);
        else this.#resume(known);
        for (const member of this.others) if (!known.has(member.seat)) this.#news("entered", { member });
        this.#told = {};
        this.#tell();
        this.#news("returned", { seat: this.seat });
        this.#isReturning = false;
        for (const frame of frames) this.#received(frame);
      } catch (error) {
        if (this.#over || this.#isReturning !== frames) return;
        if (error.kind === "no_seat" || error.kind === "no_room") return this.#end("lost");
        this.#news("error", error);
        this.#end("lost");
      }
    }

    #resume(known) {
      this.#way.returned?.();
      for (const member of this.others) {
        if (known.has(member.seat)) this.#way.back(member, this.#isFirst(member));
        // They came while this page was away, and their offers with them.
        else this.#way.back(member, false);
      }
    }

    /** Tell the others what is on, if it is not what they know. */
    #tell() {
      const { flags } = this.own;
      const news = Object.entries(flags).filter(([name, value]) => this.#told[name] !== value);
      if (!news.length || this.#over) return;
      this.#told = flags;
      this.self?.told(flags);
      this.#line.ask({ cmd: "media", room: this.name, ...Object.fromEntries(news) }).catch(() => {});
      this.#news("media", { member: this.self });
    }

    async #send(value, seat) {
      const text = JSON.stringify(value);
      if (text === undefined || text.length > DATA_LIMIT) {
        throw problem("too_long", `what pages tell each other has up to ${DATA_LIMIT} characters, as JSON`);
      }
      const seats = seat === undefined ? this.others.map((member) => member.seat) : [seat];
      const byServer = seats.filter((each) => !this.#way.send(each, text));
      await Promise.all(byServer.map((each) => this.signal(each, { message: text })));
    }

    #aim(element) {
      if (this.#speaker !== undefined) element.setSinkId?.(this.#speaker).catch((error) => this.failed(error));
    }

    #measureLater() {
      this.#timer = this.environment.setTimeout(async () => {
        this.#timer = null;
        if (this.#over || !this.hears("stats")) return;
        const stats = await this.stats().catch(() => null);
        if (stats && !this.#over) this.emit("stats", stats);
        this.#measureLater();
      }, STATS_TIME);
    }

    #news(name, detail) {
      if (this.#held) this.#held.push([name, detail]);
      else this.emit(name, detail);
    }

    #release() {
      const held = this.#held ?? [];
      this.#held = null;
      for (const [name, detail] of held) this.emit(name, detail);
    }

    #end(reason, said) {
      if (this.#over) return;
      this.#over = true;
      for (const off of this.#offs) off();
      this.environment.clearTimeout(this.#timer);
      this.#way.close();
      this.own.close();
      for (const element of this.#shown.keys()) element.srcObject = null;
      this.#shown.clear();
      const close = () => this.#line.close();
      const timer = this.environment.setTimeout(close, LEAVE_TIME);
      Promise.resolve(said).then(() => {
        this.environment.clearTimeout(timer);
        close();
      });
      this.#news("ended", { reason });
    }
  }

  /** What the server is told of a mode: it knows no listeners. */
  const wireMode = (mode) => (mode === "listen" ? "audio" : mode);

  /** What goes with a ring is a text; any other value is sent as JSON. */
  const textOf = (data) => (data === undefined || typeof data === "string" ? data : JSON.stringify(data));

  /** @returns {Promise<object>} The devices of this machine; they have names once one of them may be used. */
  async function devices({ mediaDevices, isSecure }) {
    if (!mediaDevices) throw problem(isSecure ? "no_camera" : "insecure", SENTENCES[isSecure ? "no_camera" : "insecure"]);
    const all = await mediaDevices.enumerateDevices();
    const of = (wanted) =>
      all.filter(({ kind }) => kind === wanted).map(({ deviceId, label }) => ({ id: deviceId, label }));
    return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
  }

  // Ringing and joining -----------------------------------------------------------------------------------------

  /**
   * A connection of a room's own, so that the tabs of a browser, which share one, stay apart: a seat is a connection's,
   * and ends with it.
   */
  class Line extends Emitter {
    /** By how many seconds the server's clock is ahead of ours. */
    skew = 0;
    #client;
    #isOwn;
    #offs;
    /** What has come before anybody listened. */
    #early = [];

    constructor(client, isOwn) {
      super();
      this.#client = client;
      this.#isOwn = isOwn;
      this.#offs = [
        client.on("frame", (frame) => (this.#early ? this.#early.push(frame) : this.emit("frame", frame))),
        client.on("state", (state) => this.emit("state", state)),
      ];
    }

    /** Another one like a client has. */
    static like(client) {
      const { options } = client;
      if (!options) throw problem("closed", "the client is closed: open it first");
      const { key, token, ...rest } = options;
      const proof = options.getToken ? {} : { key: token ?? key };
      return new Line(comet().connect({ ...rest, ...proof, path: "/", shareTabs: false }), true);
    }

    ask(command) { return this.#client.ask(command); }

    /** Resolves once the server knows this connection. */
    ready({ setTimeout, clearTimeout }) {
      return new Promise((resolve, reject) => {
        const fail = (reason) => reject(problem("no_server", reason));
        const timer = setTimeout(() => fail("the server did not answer in time"), WELCOME_TIME);
        this.#offs.push(() => clearTimeout(timer));
        this.on("state", ({ final, reason }) => final && fail(reason));
        this.#client.ready.then(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }

    on(name, callback) {
      const off = super.on(name, callback);
      if (name === "frame" && this.#early) {
        // After whoever listens knows what they are about.
        const early = this.#early;
        this.#early = null;
        Promise.resolve().then(() => early.forEach((frame) => this.emit("frame", frame)));
      }
      return off;
    }

    close() {
      for (const off of this.#offs) off();
      if (this.#isOwn) this.#client.close();
    }
  }

  /** Somebody rings. */
  class Ring extends Emitter {
    room;
    kind;
    callerId;
    connection;
    mode;
    /** What came with it: the JSON value, or the text if it is none. */
    data;
    text;
    /** Seconds since 1970, by the server's clock. */
    until;
    isOver = false;
    /** Whether this page is taking it. */
    isTaken = false;
    /** What ends it in time. */
    timer = undefined;
    #video;

    constructor(video, { room, kind, caller_id, connection, ...told }) {
      super();
      this.#video = video;
      Object.assign(this, { room, kind, callerId: caller_id, connection });
      this.told(told);
    }

    /** What another ring of the site into the same room says anew. */
    told({ mode, data = "", until }) {
      let value = data;
      try {
        value = JSON.parse(data);
      } catch {
        // A plain text.
      }
      Object.assign(this, { mode, data: value, text: data, until });
      this.emit("again");
    }

    /** Take it. @returns {Promise<Room>} */
    accept(options = {}) { return this.#video.accept(this, { mode: this.mode, ...options }); }

    /** Do not take it, on any device. */
    decline() { return this.#video.decline(this, "declined"); }
    busy() { return this.#video.decline(this, "busy"); }

    end(reason) {
      if (this.isOver) return;
      this.isOver = true;
      this.emit("silent", { reason });
    }
  }

  const MODES = ["video", "audio", "screen", "listen"];

  /** Calls and rooms over a client of comet.js. */
  class CometVideo extends Emitter {
    /** Rooms that this page is in, and rings that it hears, by name. */
    rooms = new Map();
    rings = new Map();
    #environment;
    #client;
    #tabs = null;
    #offs = [];

    /** @param {Client|CometApi} client What it rings and is rung over; `cometApi` by default. */
    constructor(client = comet().cometApi, replacements = {}) {
      super();
      this.#environment = { ...environment, ...replacements };
      this.#client = client.client ?? client;
      this.#offs.push(this.#client.on("frame", (frame) => this.#received(frame)));
      const { BroadcastChannel, events } = this.#environment;
      if (BroadcastChannel) {
        this.#tabs = new BroadcastChannel("comet video");
        this.#tabs.onmessage = ({ data: { who, room, reason } }) => who === this.#who && this.#silent(room, reason);
      }
      const leave = () => this.#leave();
      events?.addEventListener("pagehide", leave, true);
      this.#offs.push(() => events?.removeEventListener("pagehide", leave, true));
    }

    get client() { return this.#client; }

    /**
     * Ring a user on all devices, or `{ connection }` only. @returns {Promise<Room>} The call, once it rings.
     */
    call(userId, { data, ...options } = {}) {
      const { mode = "video" } = options;
      const whom = typeof userId === "object" ? { connection: Number(userId.connection) } : { user_id: Number(userId) };
      return this.#sit({ cmd: "call", ...whom, mode: wireMode(mode), data: textOf(data) }, options);
    }

    /** Sit down in a room. @returns {Promise<Room>} */
    join(name, options = {}) {
      const { mode = "video" } = options;
      if (this.rooms.has(name)) return Promise.resolve(this.rooms.get(name));
      return this.#sit({ cmd: "join", room: String(name), mode: wireMode(mode) }, options);
    }

    /** Who is there: for who sits in the room, is rung into it, or has the right `members`. */
    async look(name) {
      const { members, rings, topology, limit } = await this.#client.ask({ cmd: "room", room: String(name) });
      return { topology, capacity: limit, rings, members: members.map((member) => ({ ...member, userId: member.user_id })) };
    }

    /** Servers that help to find a way for media, as `RTCPeerConnection` wants them. */
    async ice() {
      return (await this.#client.ask({ cmd: "ice" })).ice;
    }

    devices() { return devices(this.#environment); }

    /** Leave all rooms, and hear no more rings. The client stays. */
    async close() {
      for (const off of this.#offs.splice(0)) off();
      this.#tabs?.close();
      this.#tabs = null;
      for (const ring of [...this.rings.values()]) this.#silent(ring.room, "ended");
      await this.#leave();
    }

    // What rings use

    async accept(ring, options) {
      // The connection that it rings on is told that another one has taken it.
      ring.isTaken = true;
      try {
        const room = await this.#sit({ cmd: "join", room: ring.room, mode: wireMode(options.mode) }, options);
        this.#settle(ring, "taken");
        return room;
      } catch (error) {
        ring.isTaken = false;
        throw error;
      }
    }

    async decline(ring, reason) {
      this.#settle(ring, "declined");
      await this.#client.ask({ cmd: "decline", room: ring.room, reason });
    }

    // How it is done

    async #leave() {
      await Promise.all([...this.rooms.values()].map((room) => room.leave()));
    }

    async #sit(command, { mode = "video", stream, relay = false, ...constraints }) {
      const { RTCPeerConnection } = this.#environment;
      if (!RTCPeerConnection) throw problem("no_webrtc", "this browser cannot make calls: it has no WebRTC");
      if (!MODES.includes(mode)) throw new TypeError(`mode: one of ${MODES.join(", ")} is needed, not ${mode}`);
      const own = new Own(this.#environment, constraints);
      let line = Line.like(this.#client);
      try {
        const ready = line.ready(this.#environment);
        // Whichever fails first is told.
        await Promise.all([own.begin(mode, stream), ready]);
        let answer;
        try {
          answer = await line.ask(command);
        } catch (error) {
          if (error.kind !== "no_room" || !this.rings.has(command.room)) throw error;
          // It may ring for that one connection only.
          line.close();
          line = new Line(this.#client, false);
          answer = await line.ask(command);
        }
        const room = new Room(this.#environment, line, own, { mode, relay }, answer);
        this.rooms.set(room.name, room);
        room.on("ended", () => this.rooms.get(room.name) === room && this.rooms.delete(room.name));
        return room;
      } catch (error) {
        own.close();
        line.close();
        throw error;
      }
    }

    #received(frame) {
      if (frame.type === "ring") this.#rung(frame);
      else if (frame.type === "silent") this.#silent(frame.room, frame.reason);
    }

    #rung(frame) {
      const known = this.rings.get(frame.room);
      // The server says the same again to a connection that is new.
      if (this.rooms.has(frame.room) || known?.until === frame.until) return;
      const ring = known ?? new Ring(this, frame);
      this.rings.set(frame.room, ring);
      this.#environment.clearTimeout(ring.timer);
      // Should the connection be lost, nobody says that it is over.
      const left = (frame.until - frame.time + 1) * 1000;
      ring.timer = this.#environment.setTimeout(() => this.#silent(ring.room, "expired"), left);
      if (known) ring.told(frame);
      else this.emit("ring", ring);
    }

    #silent(room, reason) {
      const ring = this.rings.get(room);
      if (ring?.isTaken && reason === "taken") return;
      this.#forget(ring, room);
      ring?.end(reason);
    }

    #forget(ring, room) {
      this.rings.delete(room);
      this.#environment.clearTimeout(ring?.timer);
    }

    /** What this tab has done with a ring: the others of this browser, which share its connection, are not told it. */
    #settle(ring, reason) {
      this.#forget(ring, ring.room);
      ring.isOver = true;
      this.#tabs?.postMessage({ who: this.#who, room: ring.room, reason });
    }

    get #who() {
      const { devId, userId } = this.#client.options ?? {};
      return `${devId} ${userId}`;
    }
  }

  // The familiar names ------------------------------------------------------------------------------------------

  /** @returns {Element|null} What a page means by an element: itself, its id or selector, or a list that begins with it. */
  function elementOf(what) {
    if (typeof what !== "string") return what?.[0] ?? what ?? null;
    return root.document?.getElementById(what.replace(/^#/, "")) ?? root.document?.querySelector(what) ?? null;
  }

  /** Why a call is over, in the words that pages know. */
  const STATUSES = {
    hangup: "hangup",
    cancelled: "hangup",
    declined: "busy",
    busy: "busy",
    expired: "loneliness",
    offline: "loneliness",
    lonely: "loneliness",
  };
  const MEDIA_ERROR = /^(camera|microphone|screen)_|^no_(camera|microphone|screen|webrtc)$|^insecure$/;

  /** The functions and callbacks of CppComet's video script, with the same meaning, over a CometVideo. */
  class CometVideoApi {
    #video = null;
    #options = {};
    #ring = null;
    #room = null;
    /** What callbacks are told of the call; null if there is none. */
    #info = null;
    #type = "video";
    #takenAt = 0;
    #startedAt = 0;
    #elements = {};
    #sounds = new Map();
    /** What was on at each other end when it was told of. */
    #known = new WeakMap();
    #timer = null;
    #held = false;
    #now;
    #setTimeout;
    #clearTimeout;
    #replacements;
    /** Why the last call failed, and why nobody has taken it, for who wants to know more than the status. */
    error = null;
    reason = null;

    constructor(replacements = {}) {
      this.#replacements = replacements;
      const { now, setTimeout, clearTimeout } = { ...environment, ...replacements };
      [this.#now, this.#setTimeout, this.#clearTimeout] = [now, setTimeout, clearTimeout];
    }

    /** The promise face of the same calls. */
    get video() { return this.#video; }

    /** The call that there is: a Room, or null. */
    get room() { return this.#room; }

    /** Begin to be rung. What is left out of the options stays as it was. */
    start(options = {}) {
      const standard = { alone_time: 5000, lonelinessTimeout: 60_000, bandwidth_video: 256, bandwidth_audio: 32 };
      this.#options = { ...standard, ...this.#options, ...options };
      if (!this.#video) {
        this.#video = new CometVideo(this.#options.client ?? comet().cometApi, this.#replacements);
        this.#video.on("ring", (ring) => this.#rung(ring));
      }
      return true;
    }

    /** Ring a user: what the backend else does by an INSERT. */
    call(userId, options = {}) {
      if (this.isInCall()) return false;
      const mode = options.type ?? "video";
      const info = { caller_id: this.#video.client.options?.userId ?? 0, mode, message: options.message ?? "" };
      this.#begin(options, info, (media) => this.#video.call(userId, { ...media, data: options.message }));
      return true;
    }

    /** Take the call that rings. @returns {boolean} Whether there was one, and none that is active. */
    acceptCall(options = {}) {
      if (this.isInCall() || !this.#ring) return false;
      const ring = this.#ring;
      this.#ring = null;
      this.#begin(options, this.#info, (media) => ring.accept(media));
      return true;
    }

    /** Do not take it, for all devices. */
    busy() {
      const ring = this.#ring;
      if (!ring) return false;
      this.#ring = null;
      ring.busy().catch(() => {});
      this.#over("busy");
      return true;
    }

    /** Leave the call, or do not take it; silently: without a callback. */
    hangup(call, silent = call === true) {
      if (this.#ring) this.#ring.decline().catch(() => {});
      else if (!this.#info) return false;
      this.#ring = null;
      const room = this.#room;
      this.#over("hangup", silent);
      room?.leave();
      return true;
    }

    isInCall() { return this.#takenAt !== 0; }

    /** Whether media has begun to flow, in any call or in that one. */
    isCallStart(pipe) {
      return this.#startedAt !== 0 && (pipe === undefined || pipe === this.#info?.callPipe);
    }

    isMute() { return Boolean(this.#room?.own.isMuted); }
    toggleMute() { return this.muteAudio(!this.isMute()); }

    muteAudio(muted = true) { return this.#mute({ audio: muted }); }
    muteVideo(muted = true) { return this.#mute({ video: muted }); }

    toggleHold() {
      this.#held = !this.#held && Boolean(this.#room);
      this.#room?.hold(this.#held);
      return this.#held;
    }

    /** kbit/s, for this call and later ones. @returns {{video: number, audio: number}} What counts. */
    setBandwidth({ video, audio } = {}) {
      if (video !== undefined) this.#options.bandwidth_video = Number(video);
      if (audio !== undefined) this.#options.bandwidth_audio = Number(audio);
      const counts = { video: this.#options.bandwidth_video, audio: this.#options.bandwidth_audio };
      this.#room?.limit(counts);
      return counts;
    }

    fullScreen(what = this.#elements.video_remote) {
      const element = elementOf(what);
      const show = element?.requestFullscreen ?? element?.webkitRequestFullscreen ?? element?.webkitEnterFullscreen;
      show?.call(element)?.catch?.(() => {});
      return Boolean(show);
    }

    isFullScreenSupport() {
      const { document } = root;
      return Boolean(document?.fullscreenEnabled ?? document?.webkitFullscreenEnabled);
    }

    // How it is done

    #tell(...names) {
      const detail = names.pop();
      for (const name of names) {
        const callback = this.#options[name];
        if (typeof callback === "function") run(callback, detail);
      }
    }

    #rung(ring) {
      if (this.isInCall() || this.#ring) {
        ring.busy().catch(() => {});
        return;
      }
      this.#ring = ring;
      // The fields that an invitation had, of those that still mean something.
      const sys = {
        callKey: `${ring.room} ${ring.until}`,
        callPipe: ring.room,
        caller_id: ring.callerId,
        conference: "true",
        conference_name: ring.room,
        mode: ring.mode,
      };
      this.#info = { ...sys, message: ring.data };
      ring.on("silent", () => {
        if (this.#ring !== ring) return;
        this.#ring = null;
        this.#over("hangup");
      });
      this.#tell("onCall", { data: { ...this.#info, sys }, callInfo: this.#info });
    }

    async #begin({ type = "video", custom_stream: stream, ...elements }, info, sit) {
      const call = (this.#info = info);
      this.#takenAt = this.#now();
      this.#startedAt = 0;
      this.#held = false;
      this.#type = type;
      this.#elements = Object.fromEntries(Object.entries(elements).map(([name, what]) => [name, elementOf(what)]));
      let room;
      try {
        room = await sit({ mode: type === "none" ? "listen" : type, stream });
      } catch (error) {
        if (this.#info !== call) return;
        this.error = error;
        const isRefused = error.kind === "not_allowed" || error.kind === "no_server";
        const status = MEDIA_ERROR.test(error.kind) ? "no-media-stream" : isRefused ? "registration-failure" : error.kind === "busy" ? "busy" : "terminated";
        return this.#over(status);
      }
      // It was hung up meanwhile.
      if (this.#info !== call) return room.leave();
      this.#room = room;
      Object.assign(call, { callPipe: room.name, conference_name: room.name });
      this.setBandwidth();
      if (this.#elements.video_local) room.show(this.#elements.video_local);
      const about = ({ userId, connection }) => ({ user_id: userId, uuid: String(connection), callInfo: call, type });
      room.on("answered", ({ userId }) => this.#tell("onCallAccept", { action: "accept", callInfo: call, accept_type: type, user_id: userId }));
      room.others.forEach((member) => this.#meet(member));
      room.on("entered", ({ member }) => {
        this.#meet(member);
        this.#lonely();
        this.#tell("onIn", { action: "in", ...about(member) });
      });
      room.on("gone", ({ member, reason }) => {
        this.#sounds.get(member)?.pause();
        this.#sounds.delete(member);
        this.#show();
        this.#lonely();
        this.#tell("onOut", { action: "out", status: STATUSES[reason] ?? "terminated", ...about(member) });
      });
      room.on("media", ({ member }) => this.#changed(member, about(member)));
      room.on("stream", ({ member }) => this.#heard(member));
      room.on("link", ({ member, state }) => state === "connected" && this.#started(member));
      room.on("unanswered", ({ reason }) => (this.reason = reason));
      room.on("ended", ({ reason }) => this.#room === room && this.#over(STATUSES[reason] ?? "terminated"));
      room.on("error", (error) => (this.error = error));
      this.#lonely();
      return undefined;
    }

    #started(member) {
      this.#heard(member);
      if (this.#startedAt) return;
      this.#startedAt = this.#now();
      this.#tell("onCallStart", { action: "start", status: "start", callInfo: this.#info, type: this.#type });
    }

    #meet(member) {
      this.#known.set(member, { audio: member.audio, hold: member.hold });
    }

    #changed(member, about) {
      if (member.isSelf) return;
      const was = this.#known.get(member);
      this.#meet(member);
      if (was.audio !== member.audio) this.#tell("onToggleMute", "toggleMute", { action: "toggleMute", isMute: !member.audio, ...about });
      if (was.hold !== member.hold) this.#tell("onToggleHold", "toggleHold", { action: "toggleHold", isHold: member.hold, ...about });
      if (member.talking) this.#show(member);
    }

    /** Everybody is heard; whoever talks, or came first, is seen. */
    #heard(member) {
      if (!this.#sounds.has(member)) {
        const isFirst = this.#sounds.size === 0 && this.#elements.audio_remote;
        const sound = isFirst || (root.Audio ? new root.Audio() : null);
        if (sound) this.#sounds.set(member, sound);
      }
      const sound = this.#sounds.get(member);
      if (sound) this.#room.show(sound, member);
      this.#show();
    }

    #show(member) {
      const screen = this.#elements.video_remote;
      if (!screen || !this.#room) return;
      const others = this.#room.others;
      const seen = member ?? others.find((other) => screen.srcObject === other.stream) ?? others[0];
      // Its sound comes by itself.
      screen.muted = true;
      if (seen) this.#room.show(screen, seen);
      else screen.srcObject = null;
    }

    /** A call in which nobody else is ends by itself, sooner if there was somebody. */
    #lonely() {
      this.#clearTimeout(this.#timer);
      const room = this.#room;
      if (!room || room.others.length) return;
      const { alone_time, lonelinessTimeout } = this.#options;
      this.#timer = this.#setTimeout(() => {
        if (this.#room !== room) return;
        this.#over("loneliness");
        room.leave();
      }, this.#startedAt ? alone_time : lonelinessTimeout);
    }

    async #mute(what) {
      try {
        await this.#room?.mute(what);
      } catch (error) {
        this.error = error;
      }
      return this.isMute();
    }

    #over(status, silent = false) {
      const seconds = (since) => (since ? Math.round((this.#now() - since) / 1000) : 0);
      const [time, fullTime, callInfo, type] = [seconds(this.#startedAt), seconds(this.#takenAt), this.#info, this.#type];
      this.#clearTimeout(this.#timer);
      for (const sound of this.#sounds.values()) sound.pause();
      this.#sounds.clear();
      this.#room = this.#info = null;
      this.#takenAt = this.#startedAt = 0;
      if (!silent) this.#tell("onCallEnd", { action: "out", callInfo, time, status, fullTime, type });
    }
  }

  const cometVideoApi = new CometVideoApi();
  const all = { CometVideo, CometVideoApi, cometVideoApi };

  if (typeof module === "object" && module.exports) module.exports = all;
  else Object.assign(root, all);
})(globalThis);
