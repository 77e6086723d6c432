/**
 * comet.js: messages from a comet server, in the browser.
 *
 *     const comet = Comet.connect({ devId: 1, userId: 7, key: "secret" });
 *     comet.subscribe("news", ({ data }) => show(data));
 *
 * or, with the names that pages made for CppComet know:
 *
 *     cometApi.start({ node: "comet.example.com", dev_id: 1, user_id: 7, user_key: "secret" });
 *     cometApi.subscription("news.added", ({ data }) => show(data));
 *
 * One file, no dependency, no build step. As a script it defines `Comet`, `cometApi`, `CometServer` and `tabSignal`; in Node it may
 * be required; `comet.mjs` is the same as a module. What each name takes and gives is written down in `comet.d.ts`.
 *
 * From the bottom to the top: transports move frames; a Link keeps one of them connected; the Hub of a browser talks
 * over the Link for all tabs; each tab has a Client; CometApi gives the Client its familiar names. The server leaves
 * the comments out, so they stand on lines of their own. MIT licence.
 */
(function (root) {
  "use strict";

  // Milliseconds. The n-th attempt waits a random part of BACKOFF_BASE * 2^n, at most BACKOFF_CAP.
  const BACKOFF_BASE = 300;
  const BACKOFF_CAP = 30_000;
  // For how long a transport may take to bring the welcome.
  const WELCOME_TIME = 6_000;
  // So often every node is tried by one transport before it is the turn of the next one.
  const TRIES = 2;
  // After how long a better node or transport is tried beside the one that works; this doubles up to PROBE_CAP.
  const PROBE_TIME = 60_000;
  const PROBE_CAP = 1_800_000;
  // How long a connection that has been replaced may still bring answers.
  const FAREWELL_TIME = 5_000;
  // For how long a connection may be silent after the page woke up and asked.
  const WAKE_TIME = 4_000;
  // How often a tab without a connection asks the one that has it for a sign of life.
  const PULSE_TIME = 15_000;

  // How many commands wait for a connection or an answer; messages for a reader; numbers are remembered.
  const PENDING_LIMIT = 256;
  const BUFFER_LIMIT = 1000;
  const MEMORY_LIMIT = 256;
  // So long may the address of a stream be.
  const ADDRESS_LIMIT = 6000;

  const CHANNEL = /^[\w-]{2,64}$/;
  const NAME = /^[\w-]{0,64}$/;
  const UUID = /^[\w-]{1,64}$/;

  // Small things ------------------------------------------------------------------------------------------------

  /** Something was refused, or could not be done: `code` is 0 if the client itself says so. */
  class CometError extends Error {
    constructor({ code = 0, name = "error", reason = name }) {
      super(reason);
      this.name = "CometError";
      this.code = code;
      this.kind = name;
      this.reason = reason;
    }
  }

  function parsed(text, otherwise) {
    try {
      return JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /** @returns {*} The JSON value of a text, or the text itself. */
  function decodeData(data) {
    if (typeof data !== "string") return data;
    const value = parsed(data, data);
    // A long id must not be rounded: what a JavaScript number cannot hold stays text.
    return Number.isSafeInteger(value) || !/^\s*-?\d+\s*$/.test(data) ? value : data;
  }

  const encodeData = (value) => JSON.stringify(value) ?? "null";

  function randomName(length) {
    const bytes = root.crypto
      ? root.crypto.getRandomValues(new Uint8Array(length))
      : Array.from({ length }, () => Math.random() * 256);
    return Array.from(bytes, (byte) => (byte & 31).toString(32)).join("");
  }

  /** A short name for a long text. Not a secret's guard: it tells apart what one browser does. */
  function digest(text) {
    let [a, b] = [5381, 52711];
    for (const character of text) {
      a = Math.imul(a, 33) ^ character.codePointAt(0);
      b = Math.imul(b, 31) + character.codePointAt(0);
    }
    return (a >>> 0).toString(36) + (b >>> 0).toString(36);
  }

  /** One callback that fails must not keep the message from the others. */
  function run(callback, ...values) {
    try {
      callback(...values);
    } catch (error) {
      if (root.reportError) root.reportError(error);
      else root.setTimeout(() => { throw error; });
    }
  }

  /** Forget the oldest of a Set or Map that has grown too large. */
  function bounded(memory) {
    if (memory.size > MEMORY_LIMIT) memory.delete(memory.keys().next().value);
  }

  /** What is taken from the browser; each may be replaced by a test. One for the page. */
  const environment = (() => {
    const page = root.document && root;
    let storage = null;
    try {
      // Node has the name too, and warns about it.
      storage = page ? root.localStorage : null;
    } catch {
      // Blocked by the user: nothing is remembered.
    }
    return {
      WebSocket: root.WebSocket,
      fetch: root.fetch && ((...request) => root.fetch(...request)),
      BroadcastChannel: page && root.BroadcastChannel,
      locks: page && root.navigator?.locks,
      setTimeout: (callback, delay) => root.setTimeout(callback, delay),
      clearTimeout: (timer) => root.clearTimeout(timer),
      now: () => Date.now(),
      random: Math.random,
      location: root.location,
      visible: () => root.document?.visibilityState !== "hidden",
      storage,
      events: page || null,
      console: root.console,
      // Which transport worked: as good as known to all connections of this page.
      memory: {},
    };
  })();

  function recall({ storage }, key) {
    try {
      return storage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  function remember({ storage }, key, value) {
    try {
      storage?.setItem(key, value);
    } catch {
      // Full or blocked: it holds for this page only.
    }
    return value;
  }

  /** Timers by name: a new one replaces the old one of its name. */
  class Timers {
    #environment;
    #waiting = new Map();

    constructor(environment) {
      this.#environment = environment;
    }

    set(name, delay, callback) {
      this.clear(name);
      const go = () => {
        this.#waiting.delete(name);
        callback();
      };
      this.#waiting.set(name, this.#environment.setTimeout(go, delay));
    }

    has(name) {
      return this.#waiting.has(name);
    }

    clear(...names) {
      for (const name of names.length ? names : [...this.#waiting.keys()]) {
        if (this.#waiting.has(name)) this.#environment.clearTimeout(this.#waiting.get(name));
        this.#waiting.delete(name);
      }
    }
  }

  // Places in a history -----------------------------------------------------------------------------------------

  /** @returns {boolean} Whether a cursor is later than another; one of another epoch counts as later. */
  function isAfter(cursor, other) {
    if (!cursor || !other) return !other;
    const [[epoch, position], [otherEpoch, otherPosition]] = [cursor.split(":"), other.split(":")];
    return epoch !== otherEpoch || Number(position) > Number(otherPosition);
  }

  const next = (cursor) => cursor.replace(/\d+$/, (position) => Number(position) + 1);

  /** How far one channel was read. What was published from here counts as read: the server does not send it back. */
  class Place {
    cursor;
    #own = new Set();

    constructor(cursor = null) {
      this.cursor = cursor;
    }

    /** @returns {boolean} Whether a message with this cursor is new here. */
    take(cursor) {
      if (!cursor) return true;
      const own = this.#own.delete(cursor);
      if (!isAfter(cursor, this.cursor)) return false;
      this.cursor = cursor;
      this.#skip();
      return !own;
    }

    sent(cursor) {
      if (!cursor || !this.cursor) return;
      this.#own.add(cursor);
      bounded(this.#own);
      this.#skip();
    }

    #skip() {
      while (this.#own.delete(next(this.cursor))) this.cursor = next(this.cursor);
    }
  }

  // Transports --------------------------------------------------------------------------------------------------
  //
  // Each is made with a link and the address of the server; says hello; gives frames to `link.received(this, frames)`
  // and its end to `link.lost(this, detail)`; and takes commands by `send`, in order, once it was welcomed.

  const lines = (commands) => commands.map((command) => JSON.stringify(command)).join("\n");

  class WebSocketTransport {
    #socket;

    constructor(link, address) {
      const socket = (this.#socket = new link.environment.WebSocket(address.replace(/^http/, "ws") + "ws"));
      const hello = link.hello(this);
      socket.onopen = () => socket.send(lines([hello]));
      socket.onmessage = ({ data }) => {
        const frames = String(data).split("\n").map((line) => parsed(line, null));
        link.received(this, frames.filter((frame) => frame?.type));
      };
      socket.onclose = ({ code, reason }) =>
        link.lost(this, { code: code >= 4000 ? code : undefined, reason: reason || "the connection was closed" });
      // onclose follows and says all there is to say
      socket.onerror = () => {};
    }

    send(commands) {
      if (this.#socket.readyState === 1) this.#socket.send(lines(commands));
    }

    /** Forget the socket at once: a dead network may take minutes to confirm the end. */
    close() {
      const socket = this.#socket;
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  /** What the two transports over HTTP share: requests, and commands in the order they were said. */
  class HttpTransport {
    link;
    address;
    abort = new AbortController();
    #queue = [];
    #busy = false;

    constructor(link, address) {
      this.link = link;
      this.address = address;
      // Only once the link knows this transport.
      Promise.resolve().then(() => this.attempt(() => this.open()));
    }

    /** Do something; its failure is the end of the transport. */
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        if (!this.abort.signal.aborted) this.link.lost(this, { reason: error.message });
      }
    }

    async request(path, options, ...fine) {
      const { signal } = this.abort;
      const answer = await this.link.environment.fetch(this.address + path, { cache: "no-store", signal, ...options });
      if (!answer.ok && !fine.includes(answer.status)) throw new Error(`the server answered with status ${answer.status}`);
      return answer;
    }

    /** A plain text is sent without asking first, also to another origin. */
    post(path, body, options = {}, ...fine) {
      return this.request(path, { method: "POST", body: JSON.stringify(body), ...options }, ...fine);
    }

    send(commands) {
      this.#queue.push(...commands);
      if (!this.#busy) this.attempt(() => this.#flush());
    }

    async #flush() {
      this.#busy = true;
      while (this.#queue.length) await this.say(this.#queue.splice(0));
      this.#busy = false;
    }

    close() {
      this.abort.abort();
    }
  }

  /** Server-sent events, read with fetch, which unlike EventSource keeps the key out of the address. */
  class SseTransport extends HttpTransport {
    #session;
    #elsewhere = false;

    async open() {
      const { key, channels, ack, dev_id, user_id, uuid } = this.link.hello(this);
      const query = new URLSearchParams({ dev_id, user_id, uuid });
      const names = Object.keys(channels);
      // What an address cannot hold is subscribed to after the welcome.
      let size = 0;
      // The name may be there twice, and what stands between is escaped.
      const fit = names.filter((name) => (size += 2 * name.length + (channels[name]?.length ?? 0) + 12) < ADDRESS_LIMIT);
      this.asked = new Set(fit);
      query.set("channels", fit.join());
      const places = fit.filter((name) => channels[name]).map((name) => `${name}:${channels[name]}`);
      if (ack) places.push(`msg:${ack}`);
      if (places.length) query.set("cursor", places.join());
      // A header would make the browser ask another origin first.
      const { location } = this.link.environment;
      const foreign = location && new URL(this.address).host !== location.host;
      if (key && foreign) query.set("key", key);
      const headers = key && !foreign ? { Authorization: `Bearer ${key}` } : {};
      const { body } = await this.request(`sse?${query}`, { headers });
      await this.#read(body.getReader());
      throw new Error("the stream ended");
    }

    async #read(reader) {
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const events = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
        text = events.pop();
        const frames = events.map((event) => parsed(event.match(/^data: ?(.*)/m)?.[1], null)).filter(Boolean);
        this.#session = frames.find((frame) => frame.session)?.session ?? this.#session;
        if (frames.length) this.link.received(this, frames);
      }
    }

    async say(commands) {
      if (!this.#elsewhere) {
        const { status } = await this.post("sse", { session: this.#session, commands }, {}, 404);
        if (status !== 404) return;
        this.#elsewhere = true;
      }
      // Requests reach another server than the stream does.
      const moves = /^(un)?subscribe$|^refresh$/;
      if (commands.some(({ cmd }) => moves.test(cmd))) this.link.reopen();
      const others = commands.filter(({ cmd }) => !moves.test(cmd));
      if (others.length) await this.#sayElsewhere(others);
    }

    async #sayElsewhere(commands) {
      const { cmd, channels, ack, ...hello } = this.link.hello();
      const waiting = new Set(commands.map(({ id }) => id).filter(Boolean));
      let more = { commands, wait: 0 };
      for (let turn = 0; turn < 9; turn++) {
        const { session, batch, messages } = await (await this.post("poll", { hello, ...more })).json();
        this.link.received(this, messages.filter(({ id }) => waiting.delete(id)));
        if (!waiting.size) return;
        more = { session, batch, wait: 5 };
      }
    }
  }

  /** Long-poll: one request waits at the server; one with commands goes past it, and then another one waits. */
  class PollTransport extends HttpTransport {
    #session;
    #batch;
    /** The channels that the server was told of. */
    #told = null;
    #waiting = null;
    #turn = Promise.resolve();

    async open() {
      await this.#exchange([], 0);
      while (!this.abort.signal.aborted) {
        let turn;
        do await (turn = this.#turn);
        while (turn !== this.#turn);
        await this.#exchange([], Math.min(25, this.link.ping));
      }
    }

    /** The channels that are wanted, and what has arrived, are in the requests: no commands are needed for them. */
    say(commands) {
      this.#waiting?.abort();
      this.#turn = this.#exchange(commands.filter(({ cmd }) => !/subscribe$|^ack$/.test(cmd)), 0);
      return this.#turn;
    }

    async #exchange(commands, wait) {
      const { cmd, channels, ...hello } = this.link.hello(this);
      const names = Object.keys(channels).join();
      const body = { hello, session: this.#session, batch: this.#batch, commands, wait };
      if (names !== this.#told) body.channels = channels;
      const { signal } = wait ? (this.#waiting = new AbortController()) : this.abort;
      let answer;
      try {
        answer = await (await this.post("poll", body, { signal })).json();
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (wait) this.#waiting = null;
      // What an answer held that was not waited for comes with the next one: its batch was not acknowledged.
      if (signal.aborted) return;
      const { session, batch, messages } = answer;
      // Another server has made a new session, and knows of no channels unless this request had them.
      this.#told = session === this.#session || body.channels ? names : null;
      if (session !== this.#session || batch !== this.#batch) this.link.received(this, messages);
      this.#session = session;
      this.#batch = batch;
    }

    close() {
      super.close();
      this.#waiting?.abort();
    }
  }

  const TRANSPORTS = { websocket: WebSocketTransport, sse: SseTransport, poll: PollTransport };

  // The link ----------------------------------------------------------------------------------------------------

  /** Keeps one transport connected, to the first of several servers that answers, until it is told to stop. */
  class Link {
    environment;
    /** How many seconds the server may be silent. */
    ping = 30;
    #owner;
    #timers;
    #nodes;
    #kinds;
    #home;
    #node;
    #failures = 0;
    #probes = 0;
    #heardAt = 0;
    /** The transport in use; the one that is being tried; one that was replaced and may still answer. */
    #current = null;
    #candidate = null;
    #retired = null;

    /** @param {{hello, received, changed, prepare}} owner Who says hello, and is told what happens. */
    constructor(environment, { nodes, kinds, home }, owner) {
      this.environment = environment;
      this.#timers = new Timers(environment);
      this.#nodes = nodes;
      this.#kinds = kinds;
      this.#home = this.#node = home;
      this.#owner = owner;
    }

    get isOnline() {
      return this.#current !== null;
    }

    /** Where and how it is connected, for whoever asks. */
    get place() {
      return this.#current && { node: this.#nodes[this.#current.node], transport: this.#kinds[this.#current.kind] };
    }

    open() {
      const { length } = this.#nodes;
      const kind = this.#kind + Math.floor(this.#failures / (length * TRIES));
      this.#owner.changed("connecting", {});
      this.#attempt((this.#node + this.#failures) % length, kind % this.#kinds.length);
    }

    close() {
      this.#timers.clear();
      for (const transport of [this.#current, this.#candidate, this.#retired]) transport?.close?.();
      this.#current = this.#candidate = this.#retired = null;
    }

    send(commands) {
      this.#current?.send(commands);
    }

    hello(transport) {
      const hello = this.#owner.hello();
      if (transport) transport.asked = new Set(Object.keys(hello.channels));
      return hello;
    }

    /** @returns {boolean} Whether the transport in use was not told of a channel yet; it is, from now on. */
    ask(channel) {
      return this.#current !== null && !this.#current.asked.has(channel) && this.#current.asked.add(channel) !== null;
    }

    forget(channel) {
      return this.#current !== null && this.#current.asked.delete(channel);
    }

    /** What the transport in use was told of. */
    get asked() {
      return [...this.#current.asked];
    }

    /** Connect anew beside the connection that there is, which ends once the new one was welcomed. */
    reopen() {
      if (this.#current && !this.#candidate) this.#attempt(this.#current.node, this.#current.kind);
    }

    /** The network is back, or the page awake: do not wait, and do not trust the connection. */
    wake() {
      if (this.#current) {
        const before = this.#heardAt;
        const dead = () => this.#heardAt === before && this.lost(this.#current, { reason: "the server fell silent" }, true);
        if (this.environment.now() - before > 2000 * this.ping) return dead();
        this.#ask();
        this.#timers.set("wake", WAKE_TIME, dead);
      } else if (this.#timers.has("retry")) {
        this.#failures = 0;
        this.open();
      }
    }

    /** Give up the connection, and begin to try again. */
    drop(reason) {
      if (this.#current) this.lost(this.#current, { reason });
    }

    heard() {
      this.#heardAt = this.environment.now();
    }

    received(transport, frames) {
      for (const frame of frames) {
        if (transport === this.#retired) {
          if (frame.id) this.#owner.received(frame);
          continue;
        }
        if (transport === this.#candidate && frame.type === "welcome") this.#adopt(transport, frame);
        if (frame.type === "bye" && (transport === this.#current || transport === this.#candidate)) {
          return this.lost(transport, { code: frame.code, reason: frame.reason, final: frame.final });
        }
        if (transport !== this.#current) return;
        this.#owner.received(frame);
      }
      if (transport === this.#current) this.heard();
    }

    lost(transport, detail, atOnce = false) {
      const { code = 0, final = code >= 4500 } = detail;
      const [candidate, current] = [this.#candidate, this.#current];
      if (transport === candidate) {
        this.#candidate = null;
        this.#timers.clear("welcome");
        transport.close?.();
        // It was only a try to get better.
        if (current) return this.#probeLater();
      } else if (transport === current) {
        this.#current = null;
        this.#timers.clear("watch", "probe", "wake");
        transport.close();
      } else return;
      if (final) {
        this.close();
        this.#owner.changed("offline", { ...detail, final });
      } else if (this.#candidate) {
        this.#owner.changed("connecting", detail);
      } else {
        const ceiling = Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** this.#failures);
        const delay = atOnce ? 0 : Math.round(this.environment.random() * ceiling);
        if (transport === candidate) this.#failures += 1;
        this.#timers.set("retry", delay, () => this.open());
        this.#owner.changed("offline", { ...detail, retryIn: delay });
      }
    }

    /** The kind of transport that worked for this page before; the best one if none did. */
    get #kind() {
      return Math.max(0, this.#kinds.indexOf(this.environment.memory.worked));
    }

    #attempt(node, kind) {
      this.#timers.clear("retry");
      // Holds the place while a token is fetched.
      const place = (this.#candidate = {});
      const fail = (reason) => this.lost(this.#candidate === place ? place : place.transport, { reason });
      this.#timers.set("welcome", WELCOME_TIME, () => fail("the server did not answer in time"));
      this.#owner.prepare(
        () => {
          if (this.#candidate !== place) return;
          try {
            const transport = new TRANSPORTS[this.#kinds[kind]](this, this.#nodes[node]);
            this.#candidate = place.transport = Object.assign(transport, { node, kind });
          } catch (error) {
            fail(error.message);
          }
        },
        (error) => fail(`there is no token: ${error?.message ?? error}`),
      );
    }

    #adopt(transport, welcome) {
      const old = this.#current;
      this.#candidate = null;
      this.#timers.clear("welcome", "retry", "wake");
      if (old) {
        this.#retired?.close();
        this.#retired = old;
        this.#timers.set("farewell", FAREWELL_TIME, () => {
          this.#retired?.close();
          this.#retired = null;
        });
      }
      this.#current = transport;
      this.#failures = 0;
      this.#node = transport.node;
      this.environment.memory.worked = this.#kinds[transport.kind];
      this.ping = welcome.ping || this.ping;
      this.heard();
      this.#watch();
      if (!this.#isBest) this.#probeLater();
      else this.#probes = 0;
    }

    get #isBest() {
      return this.#node === this.#home && this.#current.kind === 0;
    }

    /** Now and then, try whether the first server, or a better transport, works again. */
    #probeLater() {
      const delay = Math.min(PROBE_CAP, PROBE_TIME * 2 ** this.#probes);
      this.#timers.set("probe", delay, () => {
        if (this.#isBest || this.#candidate) return;
        const { node, kind } = this.#current;
        const wantsHome = node !== this.#home && (kind === 0 || this.#probes % 2 === 0);
        this.#probes += 1;
        if (wantsHome) this.#attempt(this.#home, kind);
        else this.#attempt(node, 0);
      });
    }

    /** A page does not see the pings of WebSocket, so it asks for a sign of life when it has heard nothing. */
    #watch() {
      this.#timers.set("watch", this.ping * 1000, () => {
        const silence = this.environment.now() - this.#heardAt;
        if (silence >= 2000 * this.ping) return this.lost(this.#current, { reason: "the server fell silent" });
        if (silence >= 900 * this.ping) this.#ask();
        this.#watch();
      });
    }

    #ask() {
      this.#current.send([{ cmd: "ping", id: "." }]);
    }
  }

  // The hub -----------------------------------------------------------------------------------------------------

  /** Talks to the server for all tabs of a browser. One tab has it, and the others reach it through that tab. */
  class Hub {
    #environment;
    #options;
    #post;
    #link;
    #timers;
    #key;
    #expires = null;
    #reused = false;
    #ack = 0;
    /** By name: the Place, whether the server has confirmed it, and the tabs that listen. */
    #channels = new Map();
    #tabs = new Map();
    /** What tabs publish, until the others have been told. */
    #echoes = new Map();
    #state = { type: "state", state: "connecting" };
    #welcome = null;

    /** @param {function(object, string=)} post Gives a frame to a tab, or to all. */
    constructor(environment, options, post) {
      this.#environment = environment;
      this.#options = options;
      this.#post = post;
      this.#key = options.key;
      this.#timers = new Timers(environment);
      this.#link = new Link(environment, options, {
        hello: () => this.#hello(),
        received: (frame) => this.#received(frame),
        changed: (state, detail) => this.#changed(state, detail),
        prepare: (go, fail) => this.#prepare(go, fail),
      });
    }

    open() {
      this.#link.open();
    }

    close() {
      this.#timers.clear();
      this.#link.close();
    }

    wake() {
      this.#link.wake();
    }

    /** The browser says that there is no network; it may be wrong, so the attempts go on. */
    sleep() {
      this.#link.drop("the browser is offline");
    }

    get place() {
      return this.#link.place;
    }

    /**
     * A tab comes, or comes back: with its channels and how far it has read each.
     *
     * @returns {boolean} Whether it is not known yet.
     */
    join(tab, { channels, ack, key, life }) {
      const isNew = this.#tabs.get(tab) !== life;
      this.#tabs.set(tab, life);
      this.#ack = Math.max(this.#ack, ack);
      if (this.#welcome && !this.#welcome.authorized && key && key !== this.#key) {
        // A newer page may have a better key.
        this.#key = key;
        this.#link.reopen();
      }
      this.#post(this.#welcome ?? this.#state, tab);
      this.#subscribe(tab, channels);
      return isNew;
    }

    leave(tab, life) {
      if (this.#tabs.get(tab) !== life) return;
      this.#tabs.delete(tab);
      this.#unsubscribe(tab, [...this.#channels.keys()]);
    }

    say(tab, commands) {
      for (const command of commands) {
        if (command.cmd === "subscribe") this.#subscribe(tab, command.channels);
        else if (command.cmd === "unsubscribe") this.#unsubscribe(tab, command.channels);
        else if (command.cmd === "ping") this.#post({ type: "ok", id: command.id }, tab);
        else if (command.cmd === "ack") this.#acknowledge(command);
        else {
          if (command.cmd === "publish" && this.#tabs.size > 1) {
            this.#echoes.set(command.id, { tab, command });
            bounded(this.#echoes);
          }
          this.#link.send([command]);
        }
      }
    }

    #hello() {
      const { devId, userId, uuid } = this.#options;
      const channels = {};
      for (const [name, { place }] of this.#channels) channels[name] = place.cursor;
      const hello = { cmd: "hello", version: 1, dev_id: devId, user_id: userId, key: this.#key, uuid, channels };
      return this.#ack ? { ...hello, ack: this.#ack } : hello;
    }

    #prepare(go, fail) {
      const { getToken } = this.#options;
      const now = this.#environment.now() / 1000;
      // A token that was accepted serves until it runs out.
      this.#reused = Boolean(this.#key) && (this.#expires === null || this.#expires > now + 5);
      if (!getToken || this.#reused) return go();
      Promise.resolve()
        .then(getToken)
        .then((token) => {
          this.#key = token;
          this.#expires = null;
          go();
        })
        .catch(fail);
    }

    #changed(state, { code, ...detail }) {
      this.#welcome = null;
      if (code === 4002 || code === 4005) this.#forgetToken();
      this.#state = { type: "state", state, code, ...detail };
      for (const channel of this.#channels.values()) channel.live = false;
      this.#post(this.#state);
    }

    #forgetToken() {
      if (this.#options.getToken) this.#key = undefined;
    }

    #received(frame) {
      if (frame.type === "welcome") return this.#welcomed(frame);
      if (frame.type === "subscribed") this.#subscribed(frame.channels);
      if (frame.type === "message") this.#channels.get(frame.channel)?.place.take(frame.cursor);
      if (frame.type === "error" && frame.channel && !frame.id) {
        this.#channels.delete(frame.channel);
        this.#link.forget(frame.channel);
      }
      if (frame.type === "ok" || frame.type === "error") this.#answered(frame);
      if (frame.type !== "ping") this.#post(frame, frame.id && String(frame.id).split(".")[0]);
    }

    #welcomed(frame) {
      this.#welcome = frame;
      this.#expiresAt(frame);
      for (const channel of this.#channels.values()) channel.live = false;
      this.#post(frame);
      // What changed while the hello was under way.
      const wanted = [...this.#channels.keys()].filter((name) => this.#link.ask(name));
      if (wanted.length) this.#tell(wanted);
      const unwanted = this.#link.asked.filter((name) => !this.#channels.has(name));
      if (unwanted.length) this.#link.send([{ cmd: "unsubscribe", channels: unwanted }]);
      if (!frame.authorized && this.#options.getToken) {
        this.#forgetToken();
        if (this.#reused) this.#link.reopen();
      }
    }

    /** Fetch a new token in time. */
    #expiresAt({ expires, time }) {
      this.#expires = expires ?? null;
      if (!expires || !this.#options.getToken) return this.#timers.clear("refresh");
      const left = Math.max(0, expires - time) * 1000;
      const delay = Math.min(left - Math.min(30_000, left / 4), 2 ** 31 - 1);
      this.#timers.set("refresh", delay, () => this.#refresh(expires));
    }

    async #refresh(expires) {
      try {
        const token = await this.#options.getToken();
        this.#key = token;
        this.#link.send([{ cmd: "refresh", id: ".refresh", token }]);
      } catch (error) {
        this.#post({ type: "error", name: "no_token", code: 0, reason: `there is no token: ${error?.message ?? error}` });
        this.#timers.set("refresh", 5000, () => this.#refresh(expires));
      }
    }

    #tell(names) {
      const channels = Object.fromEntries(names.map((name) => [name, this.#channels.get(name).place.cursor]));
      this.#link.send([{ cmd: "subscribe", channels }]);
    }

    #subscribe(tab, channels) {
      const fresh = [];
      for (const [name, since] of Object.entries(channels)) {
        const known = this.#channels.get(name);
        if (known?.live) {
          const { cursor } = known.place;
          this.#post({ type: "subscribed", channels: { [name]: { cursor, since: cursor, gap: false, missed: 0 } } }, tab);
        }
        const channel = known ?? { place: new Place(since), live: false, tabs: new Set() };
        channel.tabs.add(tab);
        this.#channels.set(name, channel);
        if (this.#link.ask(name)) fresh.push(name);
      }
      if (fresh.length) this.#tell(fresh);
    }

    #unsubscribe(tab, names) {
      const ended = [];
      for (const name of names) {
        const channel = this.#channels.get(name);
        if (!channel?.tabs.delete(tab) || channel.tabs.size) continue;
        this.#channels.delete(name);
        if (this.#link.forget(name)) ended.push(name);
      }
      if (ended.length) this.#link.send([{ cmd: "unsubscribe", channels: ended }]);
    }

    #subscribed(channels) {
      for (const [name, info] of Object.entries(channels)) {
        const channel = this.#channels.get(name);
        if (!channel) continue;
        info.since = channel.place.cursor;
        channel.live = true;
        if (!info.missed) channel.place.cursor = info.cursor;
      }
    }

    #acknowledge({ cmd, number }) {
      if (number <= this.#ack) return;
      this.#ack = number;
      this.#link.send([{ cmd, number }]);
    }

    #answered(frame) {
      if (frame.id === ".refresh" && frame.type === "ok") this.#expiresAt(frame);
      const echo = this.#echoes.get(frame.id);
      this.#echoes.delete(frame.id);
      if (frame.type !== "ok" || !echo) return;
      // The server keeps a message from the connection it comes from; here that is also the other tabs' one.
      const { channel, event, data, hide } = echo.command;
      const place = this.#channels.get(channel)?.place;
      if (!place) return;
      const late = !place.take(frame.cursor);
      const user_id = (!hide && this.#welcome?.user_id) || 0;
      const { cursor, time } = frame;
      for (const tab of this.#channels.get(channel).tabs) {
        if (tab !== echo.tab) this.#post({ type: "message", channel, cursor, data, event, late, time, user_id }, tab);
      }
    }
  }

  // Tabs --------------------------------------------------------------------------------------------------------

  /**
   * The tabs of one browser that are of one origin and signed in alike. A lock elects the one that leads, and goes to
   * another one when that tab closes; what they tell each other goes over a BroadcastChannel.
   */
  class Tabs {
    #environment;
    /** What this tab is called until it sleeps or closes: the name of a lock that it holds. */
    life = `comet ${randomName(16)}`;
    #name;
    #tab;
    #owner;
    #timers;
    #channel;
    #queue;
    #leave = () => {};
    #abdicate = () => {};
    #leads = false;
    #silent = 0;

    /** @param {{lead, follow, heard, join}} owner What it is to do. */
    constructor(environment, name, tab, owner) {
      this.#environment = environment;
      this.#name = name;
      this.#tab = tab;
      this.#owner = owner;
      this.#timers = new Timers(environment);
      this.#channel = new environment.BroadcastChannel(name);
      this.#channel.onmessage = ({ data }) => {
        this.#silent = 0;
        owner.heard(data);
      };
      // Whoever gets this lock knows that this tab is gone; so nobody may hear of it before it is held.
      const stay = () => this.#owner && (owner.join(), new Promise((end) => (this.#leave = end)));
      environment.locks.request(this.life, stay).catch(() => {});
      this.#contend();
      this.#watch();
    }

    post(message) {
      this.#channel.postMessage(message);
    }

    /** Call back once another tab is gone. */
    whenGone(life, callback) {
      this.#environment.locks.request(life, callback).catch(() => {});
    }

    close() {
      this.#timers.clear();
      this.#queue.abort();
      this.#abdicate();
      this.#leave();
      this.#channel.close();
      this.#owner = null;
    }

    #contend(how) {
      const queue = (this.#queue = new AbortController());
      const lead = () => {
        if (!this.#owner || queue !== this.#queue) return undefined;
        this.#leads = true;
        this.#owner.lead();
        return new Promise((end) => (this.#abdicate = end));
      };
      this.#environment.locks.request(this.#name, how ?? { signal: queue.signal }, lead).catch((error) => {
        if (!this.#owner || queue !== this.#queue) return;
        if (this.#leads) {
          // Another tab thought this one dead.
          this.#leads = false;
          this.#owner.follow();
          this.#contend();
        } else if (error.name !== "AbortError") {
          // There are no locks here after all.
          this.#leads = true;
          this.#owner.lead();
        }
      });
    }

    /** A frozen tab keeps its lock: take it away from one that gives no sign of life. */
    #watch() {
      this.#timers.set("pulse", PULSE_TIME, () => {
        this.#watch();
        if (this.#leads) return;
        this.#silent += 1;
        if (this.#silent > 2) {
          this.#silent = 0;
          this.#queue.abort();
          this.#contend({ steal: true });
        } else this.post({ tab: this.#tab, say: [{ cmd: "ping", id: `${this.#tab}.` }] });
      });
    }
  }

  // Listening ---------------------------------------------------------------------------------------------------

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

    /** @returns {boolean} Whether anybody waits for it. */
    hears(name) {
      return Boolean(this.#callbacks.get(name)?.length);
    }

    emit(name, ...values) {
      for (const { callback } of this.#callbacks.get(name) ?? []) run(callback, ...values);
    }
  }

  /** Messages, for callbacks or for one loop. What comes before either is there is kept, up to a limit. */
  class Flow extends Emitter {
    #limit;
    #buffer = [];
    #waiting = [];
    #looped = false;
    #end = null;

    constructor(limit = BUFFER_LIMIT) {
      super();
      this.#limit = limit;
    }

    /** @param {string|Function} name What to wait for; messages if it is the callback already. */
    on(name, callback) {
      if (typeof name === "function") [name, callback] = ["message", name];
      const off = super.on(name, callback);
      if (name === "message" && !this.#looped) for (const message of this.#buffer.splice(0)) this.push(message);
      return off;
    }

    push(message) {
      const heard = this.hears("message");
      if (heard) {
        this.emit("message", message);
        this.taken(message);
        if (!this.#looped) return;
      }
      const reader = this.#waiting.shift();
      if (reader) {
        reader.resolve({ value: message, done: false });
        this.taken(message);
        return;
      }
      this.#buffer.push(message);
      if (this.#buffer.length > this.#limit) this.overflowed(this.#buffer.shift());
    }

    /** Throw away what nobody has read. */
    clear() {
      this.#buffer = [];
    }

    /** A message has reached its reader. */
    taken() {}

    /** A message was thrown away because nobody read it. */
    overflowed() {}

    /** No more messages. @param {Error} [error] What the loop is to throw. */
    finish(error) {
      this.#end ??= { error };
      for (const reader of this.#waiting.splice(0)) this.#finished().then(reader.resolve, reader.reject);
    }

    async #finished() {
      const { error } = this.#end;
      this.#end = {};
      if (error) throw error;
      return { value: undefined, done: true };
    }

    [Symbol.asyncIterator]() {
      this.#looped = true;
      return {
        next: () => {
          if (this.#buffer.length) {
            const value = this.#buffer.shift();
            this.taken(value);
            return Promise.resolve({ value, done: false });
          }
          if (this.#end) return this.#finished();
          return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
        },
        return: async () => {
          this.#looped = false;
          this.unsubscribe();
          return { value: undefined, done: true };
        },
      };
    }

    unsubscribe() {}
  }

  const toMessage = ({ channel, event = "", data, cursor = null, user_id, time, number }) => ({
    channel,
    event,
    data: decodeData(data),
    text: data,
    cursor,
    number,
    userId: user_id,
    time,
  });

  const toMember = ({ connection, user_id, uuid }) => ({ connection, userId: user_id, uuid });

  /** What one listener hears of one channel: each message once, in order. */
  class Subscription extends Flow {
    /** Resolves once the server has confirmed it; fails if it was refused. */
    ready;
    #client;
    #channel;
    #event;
    #place;
    #settle;
    /** Messages that wait until those before them were fetched. */
    #held = null;
    #over = false;

    constructor(client, channel, { since = null, event, signal, buffer }) {
      super(buffer);
      this.#client = client;
      this.#channel = channel;
      this.#event = event;
      this.#place = new Place(since);
      if (since) this.#held = [];
      this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
      // Nobody has to look.
      this.ready.catch(() => {});
      if (signal?.aborted) this.unsubscribe();
      signal?.addEventListener("abort", () => this.unsubscribe());
    }

    get channel() { return this.#channel; }

    /** How far it has read: what to give as `since` to read on from here, on any page. */
    get cursor() { return this.#place.cursor; }

    /** Messages were missed that nobody has any more. */
    onGap(callback) { return this.on("gap", callback); }

    /** Somebody else listens to this `track_` channel from now on, or does no more. */
    onJoin(callback) { return this.on("join", callback); }
    onLeave(callback) { return this.on("leave", callback); }

    /** The user of this `user_status_` channel comes online or goes offline. */
    onStatus(callback) { return this.on("status", callback); }

    members() { return this.#client.members(this.#channel); }
    history(options) { return this.#client.history(this.#channel, options); }
    count() { return this.#client.count(this.#channel); }
    publish(value, options) { return this.#client.publish(this.#channel, value, options); }

    unsubscribe() {
      if (this.#over) return;
      this.fail(new CometError({ name: "unsubscribed" }));
      this.#client.forget(this);
    }

    /** @param {CometError} error Why it ends; what the client says itself ends a loop in peace. */
    fail(error) {
      this.#over = true;
      this.#settle.reject(error);
      this.finish(error.code ? error : undefined);
    }

    overflowed({ cursor }) {
      this.emit("gap", { channel: this.#channel, since: cursor, cursor: this.cursor, dropped: 1, missed: 0 });
    }

    // What the client tells it

    subscribed({ cursor, since, gap, missed }) {
      const place = this.#place;
      if (gap) this.emit("gap", { channel: this.#channel, since: place.cursor, cursor, dropped: 0, missed });
      // From here on everything comes.
      const from = missed || gap ? since : cursor;
      if (place.cursor && from && from !== place.cursor && isAfter(from, place.cursor)) return this.#catchUp();
      if (!missed && (gap || !cursor || isAfter(cursor, place.cursor))) place.cursor = cursor;
      this.#release();
    }

    heard(frame) {
      if (this.#held) this.#held.push(frame);
      else this.#take(frame);
    }

    /** This was published from here. */
    sent(cursor) {
      this.#place.sent(cursor);
    }

    /** Somebody else who shares the connection is further: ask for what is between. */
    async #catchUp() {
      this.#held ??= [];
      try {
        const { messages, gap, cursor } = await this.#client.ask({
          cmd: "history",
          channel: this.#channel,
          since: this.#place.cursor,
        });
        const missed = messages.length;
        if (gap) this.emit("gap", { channel: this.#channel, since: this.cursor, cursor, dropped: 0, missed });
        messages.forEach((frame) => this.#take(frame));
        if (gap || isAfter(cursor, this.cursor)) this.#place.cursor = cursor;
      } catch (error) {
        if (this.#over) return;
        this.emit("gap", { channel: this.#channel, since: this.cursor, cursor: null, dropped: 0, missed: 0, error });
      }
      this.#release();
    }

    #release() {
      const held = this.#held ?? [];
      this.#held = null;
      held.forEach((frame) => this.#take(frame));
      this.#settle.resolve(this);
    }

    #take(frame) {
      if (this.#over || (!this.#place.take(frame.cursor) && !frame.late)) return;
      if (this.#event === undefined || this.#event === (frame.event ?? "")) this.push(toMessage(frame));
    }
  }

  /** Private messages. Each is acknowledged once it has reached a listener, and comes again until then. */
  class Messages extends Flow {
    #acknowledge;
    #last = 0;

    constructor(acknowledge) {
      super();
      this.#acknowledge = acknowledge;
    }

    heard(frame) {
      if (frame.number <= this.#last) return;
      this.#last = frame.number ?? this.#last;
      this.push(toMessage(frame));
    }

    /** They are of somebody else from now on. */
    forget() {
      this.#last = 0;
      this.clear();
    }

    taken({ number }) {
      if (number !== undefined) this.#acknowledge(number);
    }
  }

  // The client --------------------------------------------------------------------------------------------------

  class Client extends Emitter {
    /** Whether the key was accepted; undefined while that is not known. */
    authorized = undefined;
    /** "connecting", "online" or "offline". */
    state = "offline";
    /** Resolves once it was online for the first time. */
    ready;
    #environment;
    #timers;
    #options = null;
    #tab = randomName(16);
    #uuid = null;
    #hub = null;
    #tabs = null;
    #awake = false;
    #count = 0;
    #ack = 0;
    /** Whose private messages they are. */
    #login;
    /** Subscriptions by channel. */
    #channels = new Map();
    /** Commands by id, until they are answered. */
    #pending = new Map();
    #messages = new Messages((number) => this.#acknowledge(number));
    #wasOnline;
    #happened = (event) => this.#pageEvent(event);

    constructor(replacements) {
      super();
      this.#environment = { ...environment, ...replacements };
      this.#timers = new Timers(this.#environment);
      this.ready = new Promise((resolve) => (this.#wasOnline = resolve));
    }

    // Connecting

    /** Connect, or connect anew with other options, and stay connected. Subscriptions stay. */
    open(options = {}) {
      const taken = this.#checked(options);
      this.#down();
      const { nodes, devId, userId } = taken;
      const login = [nodes, devId, userId].join();
      if (login !== this.#login) {
        // The numbers of one user's messages mean others of the next one's.
        this.#ack = 0;
        this.#messages.forget();
      }
      this.#login = login;
      for (const name of PAGE_EVENTS) this.#environment.events?.addEventListener(name, this.#happened, true);
      this.#options = taken;
      this.authorized = undefined;
      this.#up();
      return this;
    }

    /** Disconnect, and stay so. Subscriptions stay, for `open`, unless they were to end. */
    close({ keep = false } = {}) {
      for (const name of PAGE_EVENTS) this.#environment.events?.removeEventListener(name, this.#happened, true);
      this.#options = null;
      this.authorized = undefined;
      this.#down();
      if (this.state !== "offline") this.#changed({ state: "offline" });
      if (keep) return;
      const error = new CometError({ name: "closed", reason: "the client was closed" });
      for (const subscriptions of this.#channels.values()) for (const each of subscriptions) each.fail(error);
      this.#channels.clear();
      this.#messages.finish();
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    }

    get uuid() {
      if (this.#options?.uuid) return this.#options.uuid;
      const stored = recall(this.#environment, "comet_server_uuid");
      this.#uuid ??= UUID.test(stored ?? "") ? stored : remember(this.#environment, "comet_server_uuid", randomName(32));
      return this.#uuid;
    }

    /** What it was opened with, for another one like it; null while it is closed. */
    get options() { return this.#options; }

    /** @returns {boolean} Whether the connection is this tab's own. */
    isMaster() { return this.#hub !== null; }

    /** The server and the transport in use; null in a tab without a connection of its own. */
    get connection() { return this.#hub?.place ?? null; }

    /** @returns {string[]} The addresses of the servers, as options name them. */
    addresses({ node, nodes, path = "/comet/", wss, tls = wss } = this.#options ?? {}) {
      const { location } = this.#environment;
      const secure = tls ?? location?.protocol === "https:";
      const all = [nodes ?? node ?? location?.host].flat().filter(Boolean);
      if (all.length === 0) throw new TypeError("no server is named: pass the option node");
      return all.map((each) => (/^https?:/.test(each) ? each : `http${secure ? "s" : ""}://${each}`).replace(/\/*$/, path));
    }

    // Listening

    /**
     * Listen to a channel: by callback, or in a loop over what this returns.
     *
     * @returns {Subscription}
     */
    subscribe(channel, options = {}, callback) {
      if (typeof options === "function") [options, callback] = [{}, options];
      if (!CHANNEL.test(channel)) throw new TypeError(`no channel has the name ${channel}`);
      const subscription = new Subscription(this, channel, options);
      if (callback) subscription.on(callback);
      if (options.signal?.aborted) return subscription;
      if (!this.#channels.has(channel)) this.#channels.set(channel, new Set());
      this.#channels.get(channel).add(subscription);
      this.#say([{ cmd: "subscribe", channels: { [channel]: subscription.cursor } }]);
      return subscription;
    }

    /** Private messages: by callback, or in a loop over what this returns. */
    messages(callback) {
      if (callback) this.#messages.on(callback);
      return this.#messages;
    }

    onState(callback) { return this.on("state", callback); }
    onAuthorized(callback) { return this.on("authorized", callback); }
    onError(callback) { return this.on("error", callback); }

    // Sending and asking

    /** Send a value to all others who listen. @returns {Promise<{receivers: number, cursor: string|null}>} */
    async publish(channel, value, { event = "", hide = false } = {}) {
      const { receivers, cursor = null } = await this.ask({ cmd: "publish", channel, event, data: encodeData(value), hide });
      return { receivers, cursor };
    }

    async history(channel, { limit, since } = {}) {
      const { messages, cursor, gap } = await this.ask({ cmd: "history", channel, limit, since });
      return { messages: messages.map(toMessage), cursor, gap };
    }

    async count(channel) {
      return (await this.ask({ cmd: "count", channel })).count;
    }

    async members(channel) {
      return (await this.ask({ cmd: "members", channel })).members.map(toMember);
    }

    /** @returns {Promise<{online: boolean, seen: number}>} `seen` is 0 while online, -1 if never here. */
    async status(userId) {
      const { online, seen } = await this.ask({ cmd: "status", user_id: Number(userId) });
      return { online, seen };
    }

    async data(userId) {
      return decodeData((await this.ask({ cmd: "data", user_id: Number(userId) })).data);
    }

    /** Say a command, now or once there is a connection. @returns {Promise<object>} The frame that answers it. */
    ask(command) {
      return new Promise((resolve, reject) => {
        if (this.#pending.size >= PENDING_LIMIT) {
          reject(new CometError({ name: "too_many", reason: "too many commands wait for a connection" }));
          return;
        }
        const id = `${this.#tab}.${++this.#count}`;
        const entry = { command: { ...command, id }, resolve, reject, said: false };
        this.#pending.set(id, entry);
        this.#sayPending(entry);
      });
    }

    /** A subscription has ended. */
    forget(subscription) {
      const { channel } = subscription;
      const all = this.#channels.get(channel);
      if (!all?.delete(subscription) || all.size) return;
      this.#channels.delete(channel);
      this.#say([{ cmd: "unsubscribe", channels: [channel] }]);
    }

    // How it is done

    #checked(options) {
      const { devId = 0, userId = 0, key, token = key, getToken, transports, shareTabs = true, uuid } = options;
      const user = Number(userId) || 0;
      const environment = this.#environment;
      if (options.WebSocket) environment.WebSocket = options.WebSocket;
      if (uuid !== undefined && !UUID.test(uuid)) throw new TypeError("uuid: 1 to 64 of A-Za-z0-9_- are needed");
      const wanted = transports ?? Object.keys(TRANSPORTS);
      const unknown = wanted.find((name) => !TRANSPORTS[name]);
      if (unknown) throw new TypeError(`transports: there is no ${unknown}, only ${Object.keys(TRANSPORTS).join(", ")}`);
      const kinds = wanted.filter((name) => environment[name === "websocket" ? "WebSocket" : "fetch"]);
      if (!kinds.length) throw new TypeError("there is no WebSocket here: pass one as an option");
      const nodes = this.addresses(options);
      const first = options.roundrobin ? Math.floor(environment.random() * nodes.length) : 0;
      return {
        ...options,
        devId: Number(devId) || 0,
        userId: user,
        key: token,
        getToken,
        kinds,
        nodes,
        home: user ? user % nodes.length : first,
        shareTabs,
        uuid: uuid ?? this.uuid,
      };
    }

    #up() {
      const { shareTabs, nodes, devId, userId, uuid, key, getToken } = this.#options;
      this.#awake = true;
      this.#changed({ state: "connecting" });
      if (!shareTabs || !this.#environment.locks || !this.#environment.BroadcastChannel) return this.#lead();
      // Tokens change from page to page; a hash does not, and a page with another one is another login.
      const login = JSON.stringify([nodes, devId, userId, uuid, getToken || /\./.test(key) ? "" : key]);
      this.#tabs = new Tabs(this.#environment, `comet ${digest(login)}`, this.#tab, {
        lead: () => this.#lead(),
        follow: () => this.#follow(),
        heard: (message) => this.#heard(message),
        join: () => this.#join(),
      });
    }

    #down() {
      this.#awake = false;
      this.#hub?.close();
      this.#tabs?.close();
      this.#hub = this.#tabs = null;
      this.#unanswered();
    }

    #lead() {
      this.#unanswered();
      const hub = (this.#hub = new Hub(this.#environment, this.#options, (frame, to) => this.#post(frame, to)));
      hub.join(this.#tab, this.#self());
      this.#tabs?.post({ lead: this.#tab });
      hub.open();
    }

    #follow() {
      this.#hub?.close();
      this.#hub = null;
      this.#unanswered();
      this.#join();
    }

    #join() {
      this.#tabs.post({ tab: this.#tab, join: this.#self() });
    }

    #self() {
      const channels = {};
      for (const [name, subscriptions] of this.#channels) {
        const cursors = [...subscriptions].map(({ cursor }) => cursor).filter(Boolean);
        channels[name] = cursors.reduce((least, cursor) => (isAfter(least, cursor) ? cursor : least), cursors[0] ?? null);
      }
      return { channels, ack: this.#ack, key: this.#options.key, life: this.#tabs?.life };
    }

    #post(frame, to) {
      if (!to || to === this.#tab) this.#received(frame);
      if (to !== this.#tab) this.#tabs?.post({ frame, to });
    }

    #heard({ lead, frame, to, tab, join, say }) {
      if (this.#hub) {
        if (join) {
          if (this.#hub.join(tab, join)) this.#tabs.whenGone(join.life, () => this.#hub?.leave(tab, join.life));
        } else if (say) this.#hub.say(tab, say);
      } else if (lead) {
        this.#unanswered();
        this.#join();
      } else if (frame && (!to || to === this.#tab)) this.#received(frame);
    }

    #say(commands) {
      if (this.#hub) this.#hub.say(this.#tab, commands);
      else this.#tabs?.post({ tab: this.#tab, say: commands });
    }

    #sayPending(entry) {
      if (entry.said || this.state !== "online") return;
      entry.said = true;
      this.#say([entry.command]);
    }

    #acknowledge(number) {
      this.#ack = Math.max(this.#ack, number);
      this.#say([{ cmd: "ack", number }]);
    }

    /** The connection is gone: questions are asked again by the next one, but nothing is published twice. */
    #unanswered() {
      for (const [id, entry] of this.#pending) {
        if (entry.said && entry.command.cmd === "publish") {
          this.#pending.delete(id);
          const reason = "the connection was lost before the answer: it may have been sent";
          entry.reject(new CometError({ name: "lost", reason }));
        }
        entry.said = false;
      }
    }

    #received(frame) {
      const { type, channel, id } = frame;
      const listening = [...(this.#channels.get(channel) ?? [])];
      if (type === "state") {
        this.#changed(frame);
      } else if (type === "welcome") {
        this.#welcomed(frame);
      } else if (type === "subscribed") {
        for (const [name, info] of Object.entries(frame.channels)) {
          for (const each of this.#channels.get(name) ?? []) each.subscribed(info);
        }
      } else if (type === "message") {
        for (const each of listening) each.heard(frame);
      } else if (type === "private") {
        this.#messages.heard(frame);
      } else if (type === "joined" || type === "left") {
        for (const each of listening) each.emit(type === "joined" ? "join" : "leave", toMember(frame));
      } else if (type === "status") {
        for (const each of listening) each.emit("status", { online: frame.online, userId: frame.user_id });
      } else if (id) {
        this.#answered(frame);
      } else if (type === "error") {
        const error = new CometError(frame);
        for (const each of listening) each.fail(error);
        if (channel) this.#channels.delete(channel);
        this.emit("error", Object.assign(error, { channel }));
      } else this.emit("frame", frame);
    }

    #answered(frame) {
      const entry = this.#pending.get(frame.id);
      if (!entry) return;
      this.#pending.delete(frame.id);
      if (frame.type === "error") return entry.reject(new CometError(frame));
      const { cmd, channel } = entry.command;
      if (cmd === "publish") for (const each of this.#channels.get(channel) ?? []) each.sent(frame.cursor);
      entry.resolve(frame);
    }

    #welcomed({ authorized }) {
      const news = authorized !== this.authorized;
      this.authorized = authorized;
      const back = this.state !== "online";
      this.state = "online";
      this.#wasOnline(this);
      for (const entry of [...this.#pending.values()]) this.#sayPending(entry);
      if (back) this.emit("state", { state: "online" });
      if (news) this.emit("authorized", authorized);
    }

    #changed({ type, ...detail }) {
      this.#unanswered();
      if (detail.state === "connecting" && this.state === "connecting") return;
      this.state = detail.state;
      this.emit("state", detail);
    }

    #pageEvent({ type, persisted }) {
      if (type === "pagehide" || type === "freeze") {
        // A sleeping page must not keep the connection of the others, nor the browser from keeping the page.
        if (!this.#awake) return;
        this.#down();
        this.#changed({ state: "offline", reason: "the page sleeps" });
      } else if (type === "offline") {
        this.#hub?.sleep();
      } else if (!this.#awake) {
        if (this.#environment.visible() || type !== "visibilitychange") this.#up();
      } else if (type === "online" || (persisted !== false && this.#environment.visible())) {
        this.#hub?.wake();
      }
    }
  }

  const PAGE_EVENTS = ["online", "offline", "visibilitychange", "pageshow", "pagehide", "freeze", "resume"];

  const connect = (options) => new Client().open(options);

  // The familiar names ------------------------------------------------------------------------------------------

  /** Signals with a name, for this page or for all tabs of the browser, and values that these tabs share. */
  class TabSignal extends Emitter {
    #environment;
    #timers;
    #uuid = randomName(16);
    #eventKey = "";
    #count = 0;
    /** What ends a connection, by its signal and slot: whoever connects may name the slot. */
    #connected = new Map();

    constructor(replacements) {
      super();
      this.#environment = { ...environment, ...replacements };
      this.#timers = new Timers(this.#environment);
      // Unlike a BroadcastChannel, this lets the browser keep the page when it is left.
      this.#environment.events?.addEventListener("storage", ({ key, newValue }) => {
        if (key !== this.#key("storage_emit")) return;
        const heard = parsed(newValue, null);
        if (heard) this.emit(heard.name, heard.param);
      });
    }

    /** @returns {string} What `disconnect` takes, in place of the slot and the signal. */
    connect(...values) {
      const [callback, signal, slot = ++this.#count] = values.reverse();
      const id = `${signal}&&${slot}`;
      this.disconnect(id);
      this.#connected.set(id, this.on(signal, callback));
      return id;
    }

    /** @returns {boolean} Whether there was such a connection. */
    disconnect(slot, signal) {
      const id = signal === undefined ? slot : `${signal}&&${slot}`;
      this.#connected.get(id)?.();
      return this.#connected.delete(id);
    }

    emitAll(signal, param) {
      // The others hear of a change, so this must be one, also if it is the same signal again.
      for (const text of [JSON.stringify({ name: signal, param }), ""]) remember(this.#environment, this.#key("storage_emit"), text);
      this.emit(signal, param);
    }

    send_emit(signal, param) { this.emitAll(signal, param); }

    /** @returns {*} What any tab has set last. */
    getState(name) {
      return parsed(recall(this.#environment, this.#key(name)), null)?.value;
    }

    setState(name, value) {
      this.#timers.clear(name);
      const state = { time: this.#environment.now(), value, tabUUID: this.#uuid };
      remember(this.#environment, this.#key(name), JSON.stringify(state));
    }

    /** Set a value again and again, until this tab sets another one. */
    intervalUpdateState(name, value, time = 1000) {
      this.setState(name, value);
      this.#timers.set(name, time, () => this.intervalUpdateState(name, value, time));
    }

    getTabUUID() { return this.#uuid; }
    getEventKey() { return this.#eventKey; }

    /** What keeps apart the tabs that are to hear each other from all others. */
    setEventKey(key) {
      this.#eventKey = key;
    }

    #key(name) {
      return `tabSignal_${this.#eventKey}${name}`;
    }
  }

  const SUBSCRIPTION = /^#?[\w-]{2,64}(\.[\w-]{0,64})?$/;
  const WRITABLE = /^(@?web_|webauth_)[\w-]*$/;
  const COUNTABLE = /^(web_|webauth_|track_)[\w-]*$/;
  const TRACKED = /^track_[\w-]*$/;
  // Frames of these names come without being asked for.
  const UNASKED = /^(msg|sys|_.*|comet_server_msg)$/;
  // The signal of all messages.
  const ALL = "comet_server_msg";

  // What this client itself tells its page. The blank keeps it apart from all channels.
  const [AUTH_SUCCESS, AUTH_FAIL, STATUS] = ["own success", "own fail", "own status"];

  const encode64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const decode64 = (text) => new TextDecoder().decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));

  /** The methods of CppComet's browser script, with the same meaning, over a Client. */
  class CometApi {
    Base64 = { encode: encode64, decode: decode64 };
    #environment;
    #client;
    #options = {};
    #realKey;
    #logLevel;
    /** Tells what it hears: "channel", "channel.event", and all. */
    #signals;
    /** The names of the subscriptions that were made here, by their ids. */
    #names = new Map();
    #subscriptions = new Map();
    /** Numbers of copies that were heard already. */
    #copies = new Set();
    #hearsPrivate = false;

    constructor(replacements, signals = new TabSignal(replacements)) {
      this.#environment = { ...environment, ...replacements };
      this.#signals = signals;
      const client = (this.#client = new Client(replacements));
      this.#logLevel = Number(recall(this.#environment, "comet_LogLevel")) || 0;
      client.onState((detail) => this.#changed(detail));
      client.onAuthorized((authorized) => {
        if (authorized) this.#realKey ??= this.#options.user_key;
        signals.emit(authorized ? AUTH_SUCCESS : AUTH_FAIL);
      });
      client.onError((error) => this.#failed(error));
    }

    /** The modern face of the same connection. */
    get client() { return this.#client; }

    // Connecting

    start(options = {}, callback) {
      this.restart(options);
      if (callback) this.#environment.setTimeout(callback, 0);
      return true;
    }

    restart(options = {}) {
      const merged = { ...this.#options, ...options };
      if (options.node !== undefined && options.nodes === undefined) delete merged.nodes;
      const { dev_id, user_id, user_key, wss, ...others } = merged;
      this.#client.open({ ...others, tls: wss, devId: dev_id, userId: user_id, key: user_key });
      this.#options = merged;
    }

    stop() {
      this.#client.close({ keep: true });
    }

    // Listening

    subscription(name, callback) {
      if (typeof name === "function") return this.subscription("", name);
      if (name.includes("\n")) {
        for (const each of name.split("\n").filter(Boolean)) this.subscription(each, callback);
        return undefined;
      }
      if (name !== "" && !SUBSCRIPTION.test(name)) return this.#refuse(`no channel has the name ${name}`, false);
      const signal = name.replace(/^#/, "_answer_to_") || ALL;
      const id = this.#signals.connect(signal, callback);
      this.#names.set(id, signal.split(".")[0]);
      this.#attend();
      return id;
    }

    unsubscription(id) {
      const known = this.#signals.disconnect(id);
      if (this.#names.delete(id)) this.#attend();
      return known;
    }

    unsubscriptionAll() {
      for (const id of this.#names.keys()) this.#signals.disconnect(id);
      this.#names.clear();
      this.#attend();
    }

    onAuthSuccess(callback) { return this.#signals.connect(AUTH_SUCCESS, callback); }
    onAuthFail(callback) { return this.#signals.connect(AUTH_FAIL, callback); }
    onAuthFalill(callback) { return this.#signals.connect(AUTH_FAIL, callback); }
    onStatus(callback) { return this.#signals.connect(STATUS, callback); }

    // Sending and asking

    web_pipe_send(pipe, event, value) {
      if (arguments.length < 3) {
        value = event;
        [pipe, event = ""] = String(pipe).split(/\.(.*)/s);
      }
      if (!WRITABLE.test(pipe)) return this.#refuse(`browsers may not send to ${pipe}`);
      if (!NAME.test(event)) return this.#refuse(`no event has the name ${event}`);
      const channel = pipe.replace("@", "");
      const message = encodeData(value);
      const said = this.isConnected();
      this.#client.ask({ cmd: "publish", channel, event: String(event), data: message, hide: pipe !== channel }).then(
        ({ receivers }) => this.#tell(`_answer_to_${channel}`, "answer", { message, number_messages: receivers }),
        (error) => this.#failed(error, { number_messages: -1 }),
      );
      return said;
    }

    multi_web_pipe_send(pipe, event, value, count = 3, interval = 1000) {
      const copy = { ...value, _cometApi_uuid: `jsapi${randomName(11)}` };
      const send = () => {
        const sent = this.web_pipe_send(pipe, event, copy);
        if (--count > 0 && sent !== undefined) this.#environment.setTimeout(send, interval);
        return sent;
      };
      return send();
    }

    get_pipe_log(pipe, callback) {
      const channel = String(pipe).split(".")[0];
      if (!CHANNEL.test(channel)) return this.#refuse(`no channel has the name ${pipe}`, false);
      if (callback && this.subscription(pipe, callback) === false) return false;
      this.#client.history(channel).then(
        ({ messages }) => messages.forEach((message) => this.#message({ ...message, history: true })),
        (error) => this.#failed(error),
      );
      return true;
    }

    count_users_in_pipe(pipe, callback) {
      if (!COUNTABLE.test(pipe)) return this.#refuse(`${pipe} cannot be counted`, false);
      return this.#ask({ cmd: "count", channel: pipe }, callback, ({ count }) => ({ user_in_pipe: count }));
    }

    getTrackPipeUsers(pipe, callback) {
      if (!TRACKED.test(pipe)) return this.#refuse(`only track_ channels list who listens: ${pipe}`, false);
      return this.#ask({ cmd: "members", channel: pipe }, callback, ({ members }) => members);
    }

    getUserData(id, callback) {
      const user_id = Number(id);
      if (!/^\d+$/.test(id)) return this.#refuse(`no user has the id ${id}`, false);
      return this.#ask({ cmd: "data", user_id }, callback, ({ data }) => ({ user_data: data, user_id }));
    }

    /** Of the raw commands of the old protocol, those that had no method of their own. */
    send_msg(text) {
      const [command, id] = String(text).split("\n");
      if (command !== "user_status") return this.#refuse(`there is no raw command ${command}`, false);
      const answer = ({ data }) => this.#tell("_answer_user_status", `user_status_${id}`, data);
      return this.#ask({ cmd: "status", user_id: Number(id) || 0 }, answer, ({ online, seen, time }) => ({
        data: time - seen,
        last_online_time: time - seen,
        online,
        time: seen,
      }));
    }

    /** The server makes its own statistics. */
    sendStatistics() { return true; }

    // Looking

    isAuthorized() { return this.#client.authorized; }
    isConnected() { return this.#client.state === "online"; }
    isMaster() { return this.#client.isMaster(); }
    getUserId() { return this.#options.user_id; }
    getUserKey() { return this.#options.user_key; }
    getDevId() { return this.#options.dev_id; }
    getUUID() { return this.#options.uuid ?? this.#client.uuid; }
    getTabUUID() { return this.#signals.getTabUUID(); }
    getRealUserKey() { return this.#realKey; }

    setRealUserKey(key) {
      this.#realKey = key;
      return true;
    }

    getUrl(node) {
      const options = node === undefined ? this.#options : { ...this.#options, nodes: [node] };
      return `${this.#client.addresses(options)[0].replace(/^http/, "ws")}ws`;
    }

    /** Whether to use TLS from the next start on; by default, whether the page does. */
    UseWss(use) {
      if (use !== undefined) this.#options.wss = Boolean(use);
      return this.#options.wss ?? this.#environment.location?.protocol === "https:";
    }

    isUseWss() { return this.UseWss(); }

    UseWebSocket(use) {
      const all = Object.keys(TRANSPORTS);
      if (use !== undefined) this.#options.transports = use ? all : all.slice(1);
      return (this.#options.transports ?? all).includes("websocket");
    }

    getLogLevel() { return this.#logLevel; }

    /** 0: complaints only. 1: also the connection. 2: also each message. Kept for next time. */
    setLogLevel(level) {
      this.#logLevel = remember(this.#environment, "comet_LogLevel", Number(level) || 0);
    }

    stripslashes(text) {
      return String(text).replace(/\\(.?)/gs, (_, letter) => (letter === "0" ? "\0" : letter));
    }

    // How it is done

    /** One subscription for each channel that anybody here listens to. */
    #attend() {
      const names = new Set(this.#names.values());
      if (!this.#hearsPrivate && (names.has(ALL) || names.has("msg"))) {
        this.#hearsPrivate = true;
        this.#client.messages((message) => this.#message({ ...message, channel: "msg" }));
      }
      for (const [name, subscription] of this.#subscriptions) {
        if (names.has(name)) continue;
        this.#subscriptions.delete(name);
        subscription.unsubscribe();
      }
      for (const name of names) {
        if (UNASKED.test(name) || this.#subscriptions.has(name)) continue;
        const subscription = this.#client.subscribe(name, (message) => this.#message(message));
        this.#subscriptions.set(name, subscription);
        const member = ({ userId, uuid }) => ({ user_id: userId, uuid });
        subscription.onJoin((who) => this.#tell(name, "subscription", member(who)));
        subscription.onLeave((who) => this.#tell(name, "unsubscription", member(who)));
        subscription.onStatus(({ online }) => this.#tell(name, online ? "online" : "offline", online ? "online" : "offline"));
      }
    }

    #message({ channel, event, data, userId, history = false }) {
      const copy = data?._cometApi_uuid;
      if (copy !== undefined) {
        if (this.#copies.has(copy)) return;
        this.#copies.add(copy);
        bounded(this.#copies);
        delete data._cometApi_uuid;
      }
      this.#tell(channel, event, data, { user_id: userId || 0, history, from_server: userId === undefined });
    }

    #told(pipe, event, data, about) {
      const uuid = data?.uuid;
      const info = { pipe, event, user_id: 0, history: false, marker: undefined, uuid, from_server: true, ...about };
      const message = { data, server_info: info };
      this.#log(2, "<", message);
      return message;
    }

    #tell(pipe, event, data, about) {
      const message = this.#told(pipe, event, data, about);
      for (const signal of [pipe, `${pipe}.${event}`, ALL]) this.#signals.emit(signal, message);
    }

    #ask(command, callback, toData) {
      this.#client.ask(command).then(
        (frame) => {
          const message = this.#told("_answer", "answer", toData(frame), { marker: frame.id });
          if (callback) run(callback, message);
        },
        (error) => this.#failed(error),
      );
      return true;
    }

    #failed({ code, reason, channel }, more = {}) {
      this.#log(1, "refused:", reason);
      // A channel that was refused may be asked for again.
      if (channel) this.#subscriptions.delete(channel);
      this.#tell("sys", "error", { error: reason, code: String(code), ...more });
    }

    #changed({ state, retryIn, final, reason, code }) {
      // Leaves out what is not known.
      const detail = parsed(JSON.stringify({ reason, retry_in: retryIn, code, fatal: final || undefined }));
      this.#log(1, state, detail);
      this.#signals.emit(STATUS, state, detail);
    }

    #refuse(complaint, result) {
      this.#environment.console.warn(`comet: ${complaint}`);
      return result;
    }

    #log(level, ...values) {
      if (level <= this.#logLevel) this.#environment.console.log("comet:", ...values);
    }
  }

  const tabSignal = new TabSignal();
  const cometApi = new CometApi(undefined, tabSignal);
  const CometServer = () => cometApi;
  const comet_server_signal = () => tabSignal;
  const familiar = { CometApi, cometServerApi: CometApi, cometApi, CometServer, tabSignal, comet_server_signal };
  const Comet = { connect, CometError, Client, TabSignal, ...familiar };

  if (typeof module === "object" && module.exports) module.exports = Comet;
  // A page may have it as a script and as a module.
  else if (!root.Comet) Object.assign(root, { Comet, _cometServerApi: CometApi, _tabSignal: TabSignal, ...familiar });
})(globalThis);
