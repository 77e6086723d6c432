/**
 * comet.js: messages from a comet server, in the browser.
 *
 *     cometApi.start({node: "comet.example.com", dev_id: 1, user_id: 7, user_key: "secret"});
 *     cometApi.subscription("news.added", ({data}) => show(data));
 *
 * One file, no dependency, no build step. In Node, `require` it and pass a WebSocket class. It speaks the line
 * protocol of version 4.x over one WebSocket. MIT licence.
 *
 * @typedef {object} Message What a callback gets.
 * @property {*} data The JSON value that was sent; if the text that was sent is no JSON, exactly that text.
 * @property {object} server_info Where it comes from: `user_id` (0 if unknown), `pipe`, `event`, `history` (true
 *     for an answer to `get_pipe_log`), `marker`, `uuid`, and `from_server` (true if no browser sent it).
 *
 * @typedef {object} Options
 * @property {string|string[]} [node] `host[:port]` of the server; the page's own by default.
 * @property {string[]} [nodes] Several servers: the first is used, the next one when it fails.
 * @property {number} [dev_id] The tenant, 0 by default.
 * @property {number} [user_id] Who this is; leave it out for an anonymous visitor.
 * @property {string} [user_key] What proves it: the hash from `users_auth`, or a JWT.
 * @property {boolean} [wss] Whether to use TLS; by default, whether the page does.
 * @property {string} [uuid] 32 characters `A-Za-z0-9_-` that name this browser to others; kept in localStorage by
 *     default.
 * @property {string} [path] Where the server answers, `/ws/` by default.
 * @property {Function} [WebSocket] The class to connect with.
 *
 * @typedef {"connecting"|"online"|"offline"} Status
 *
 * @typedef {object} StatusDetail
 * @property {string} [reason] Why the connection is lost.
 * @property {number} [retry_in] After how many milliseconds the next attempt is made.
 * @property {boolean} [fatal] Whether the server said not to come back; `code` is its number for that.
 */
(function (root) {
  "use strict";

  const PROTOCOL = "4.08";

  /** Milliseconds. The n-th attempt waits a random part of BACKOFF_BASE * 2^n, at most BACKOFF_CAP. */
  const BACKOFF_BASE = 300;
  const BACKOFF_CAP = 30_000;
  /** For how long a connection may say nothing after it was begun; the server greets at once. */
  const GREETING_TIMEOUT = 10_000;
  /** For how long changes of the subscription list are collected. */
  const BATCH_TIME = 5;

  /** How many messages wait while there is no connection, and how many questions for their answer. */
  const OUTBOX_LIMIT = 256;
  const QUESTION_LIMIT = 256;

  /** A top-level `error` above this tells a client not to come back. */
  const FATAL_ABOVE = 400;

  const SUBSCRIPTION = /^#?[\w-]{2,64}(\.[\w-]{0,64})?$/;
  /** Frames of all other names come without being asked for. */
  const SUBSCRIBED_AT_SERVER = /^(?!(msg|sys)$)[A-Za-z0-9-][\w-]+$/;
  const WRITABLE = /^(@?web_|webauth_)[\w-]*$/;
  const COUNTABLE = /^(web_|webauth_|track_)[\w-]*$/;
  const TRACKED = /^track_[\w-]*$/;
  const NAME = /^[\w-]{0,64}$/;
  const UUID = /^[\w-]{1,64}$/;

  /** What this client itself tells its page. The blank keeps it apart from all channels. */
  const AUTH_SUCCESS = "own auth success";
  const AUTH_FAIL = "own auth fail";
  const STATUS = "own status";

  // The wire ------------------------------------------------------------------------------------------------

  /** @returns {object[]} The frames in a WebSocket message: one JSON object a line. What is none is left out. */
  function decodeFrames(text) {
    const frames = [];
    for (const line of String(text).split("\n")) {
      const frame = parsed(line, null);
      if (frame !== null && typeof frame === "object") frames.push(frame);
    }
    return frames;
  }

  /** @returns {*} The JSON value of a text, or the text itself. */
  function decodeData(data) {
    if (typeof data !== "string") return data;
    const value = parsed(data, data);
    // A long id must not be rounded: what a JavaScript number cannot hold stays text.
    return Number.isSafeInteger(value) || !/^\s*-?\d+\s*$/.test(data) ? value : data;
  }

  function parsed(text, otherwise) {
    try {
      return JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /** Keys and tokens go as they are; only what would break the URL is escaped. */
  function urlPart(value) {
    return String(value ?? "").replace(/[^\w=+/.~-]/gu, encodeURIComponent);
  }

  function randomName(length) {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const bytes = root.crypto
      ? root.crypto.getRandomValues(new Uint8Array(length))
      : Array.from({ length }, () => Math.random() * 256);
    return Array.from(bytes, (byte) => alphabet[byte & 63]).join("");
  }

  /** What is taken from the browser; each may be replaced in the constructor of CometApi. */
  function browserEnvironment() {
    let storage = null;
    try {
      // Node has the name too, and warns about it.
      storage = root.document ? root.localStorage : null;
    } catch {
      // Blocked by the user: nothing is remembered.
    }
    return {
      WebSocket: root.WebSocket,
      setTimeout: (run, delay) => root.setTimeout(run, delay),
      clearTimeout: (timer) => root.clearTimeout(timer),
      random: Math.random,
      location: root.location,
      storage,
      events: root.addEventListener ? root : null,
      console: root.console,
    };
  }

  // The connection ------------------------------------------------------------------------------------------

  /** Keeps one WebSocket open to the first of several addresses that answers, until it is told to stop. */
  class Line {
    #environment;
    #owner;
    #urls = [];
    #current = 0;
    #failures = 0;
    #socket = null;
    #timer = null;
    #heard = false;

    /** @type {Status} */
    status = "offline";

    /** @param {{opened: Function, received: Function, changed: Function}} owner Who is told what happens. */
    constructor(environment, owner) {
      this.#environment = environment;
      this.#owner = owner;
    }

    get isOpen() {
      return this.#socket !== null && this.#socket.readyState === 1;
    }

    start(urls) {
      this.#drop();
      this.#urls = urls;
      this.#current = 0;
      this.#failures = 0;
      this.#connect();
    }

    stop(detail = {}) {
      this.#drop();
      if (this.status !== "offline") this.#change("offline", detail);
    }

    /** Do not wait for the next attempt: make it now. */
    hurry() {
      if (this.#socket === null && this.#timer !== null) {
        this.#failures = 0;
        this.#connect();
      }
    }

    /** @returns {boolean} Whether the text was written. */
    send(text) {
      if (!this.isOpen) return false;
      this.#socket.send(text);
      return true;
    }

    #connect() {
      this.#drop();
      this.#heard = false;
      try {
        const socket = new this.#environment.WebSocket(this.#urls[this.#current]);
        socket.onopen = () => this.#owner.opened();
        socket.onmessage = ({ data }) => this.#received(socket, data);
        socket.onclose = ({ reason }) => this.#lost(reason || "the connection was closed");
        socket.onerror = () => {}; // onclose follows and says all there is to say
        this.#socket = socket;
        this.#wait(GREETING_TIMEOUT, () => this.#lost("the server did not answer in time"));
      } catch (error) {
        this.#wait(0, () => this.#lost(error.message));
      }
      this.#change("connecting", {});
    }

    #received(socket, text) {
      for (const frame of decodeFrames(text)) {
        if (!this.#heard) {
          this.#heard = true;
          this.#failures = 0;
          this.#wait(null);
        }
        if (typeof frame.error === "number" && frame.error > FATAL_ABOVE) {
          this.#drop();
          this.#owner.received(frame);
          const reason = decodeData(frame.data)?.error;
          if (this.#socket === null) this.stop({ fatal: true, code: frame.error, reason });
          return;
        }
        if (this.status !== "online") this.#change("online", {});
        if (this.#socket === socket) this.#owner.received(frame);
        if (this.#socket !== socket) return; // a callback stopped or restarted us
      }
    }

    #lost(reason) {
      if (!this.#heard) this.#current = (this.#current + 1) % this.#urls.length;
      this.#drop();
      const ceiling = Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** this.#failures);
      const delay = Math.round(this.#environment.random() * ceiling);
      this.#failures += 1;
      this.#wait(delay, () => this.#connect());
      this.#change("offline", { reason, retry_in: delay });
    }

    /** Forget the socket at once: a dead network may take minutes to confirm the end. */
    #drop() {
      this.#wait(null);
      const socket = this.#socket;
      this.#socket = null;
      if (socket !== null) {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
      }
    }

    #wait(delay, run) {
      if (this.#timer !== null) this.#environment.clearTimeout(this.#timer);
      this.#timer = delay === null ? null : this.#environment.setTimeout(run, delay);
    }

    #change(status, detail) {
      this.status = status;
      this.#owner.changed(status, detail);
    }
  }

  // The client ----------------------------------------------------------------------------------------------

  class CometApi {
    #environment;
    #line;
    /** @type {Options} */
    #options = {};
    #started = false;
    #authorized = undefined;
    #uuid = null;
    #tabUUID = randomName(16);
    #logLevel;
    #count = 0;

    /** Callbacks by what they wait for: "channel", "channel.event", "" for all. */
    #listeners = new Map();
    /** The channels that the server was told of, as one text, and the timer that collects changes. */
    #told = "";
    #batch = null;
    /** What waits for a connection; and what waits for an answer, by its marker. */
    #outbox = [];
    #questions = new Map();

    #hurry = () => this.#line.hurry();

    /** @param {object} [environment] Replacements for what is otherwise taken from the browser. */
    constructor(environment = {}) {
      this.#environment = { ...browserEnvironment(), ...environment };
      this.#logLevel = Number(this.#recall("comet_LogLevel")) || 0;
      this.#line = new Line(this.#environment, {
        opened: () => this.#opened(),
        received: (frame) => this.#received(frame),
        changed: (status, detail) => this.#changed(status, detail),
      });
    }

    // Connecting

    /**
     * Connect, and stay connected. Subscriptions may be made, and messages sent, before and after.
     *
     * @param {Options} [options]
     * @param {Function} [callback] Called once connecting has begun.
     */
    start(options = {}, callback) {
      this.restart(options);
      if (callback) callback();
      return true;
    }

    /** Connect anew with some options changed: also the way to sign in and out. */
    restart(options = {}) {
      const merged = { ...this.#options, ...options };
      if (merged.uuid !== undefined && !UUID.test(merged.uuid)) {
        throw new TypeError("uuid: 32 characters A-Za-z0-9_- are needed");
      }
      if (options.node !== undefined && options.nodes === undefined) delete merged.nodes;
      if (options.WebSocket) this.#environment.WebSocket = options.WebSocket;
      if (!this.#environment.WebSocket) throw new Error("there is no WebSocket here: pass one as an option");
      this.#options = merged;
      const urls = this.#nodes().map((node) => this.getUrl(node));
      if (!this.#started) this.#environment.events?.addEventListener("online", this.#hurry);
      this.#started = true;
      this.#authorized = undefined;
      this.#line.start(urls);
    }

    /** Disconnect, and stay so. Subscriptions are kept for the next start. */
    stop() {
      this.#environment.events?.removeEventListener("online", this.#hurry);
      this.#started = false;
      this.#authorized = undefined;
      this.#line.stop();
    }

    // Listening

    /**
     * Call back with each message of a channel.
     *
     * @param {string} name "channel" for all events of a channel, "channel.event" for one of them, "msg" or
     *     "msg.event" for private messages, "#channel" for reports on what was sent there, "" for everything.
     * @param {function(Message)} callback
     * @returns {string|false} An id for `unsubscription`; false if the name is none.
     */
    subscription(name, callback) {
      if (typeof name === "function") return this.subscription("", name);
      if (typeof callback !== "function") throw new TypeError("subscription: the callback is missing");
      if (name !== "" && !SUBSCRIPTION.test(name)) return this.#refuse(`no channel has the name ${name}`, false);
      const id = this.#listen(name.replace(/^#/, "_answer_to_"), callback);
      this.#subscriptionsChanged();
      return id;
    }

    /** End one subscription. The server is told when nobody listens to the channel any more. */
    unsubscription(id) {
      const name = String(id).split("&&")[0];
      const callbacks = this.#listeners.get(name);
      if (!callbacks?.delete(id)) return false;
      if (callbacks.size === 0) this.#listeners.delete(name);
      this.#subscriptionsChanged();
      return true;
    }

    /** End all subscriptions. Callbacks for sign-in and status stay. */
    unsubscriptionAll() {
      for (const name of this.#listeners.keys()) {
        if (!name.startsWith("own ")) this.#listeners.delete(name);
      }
      this.#subscriptionsChanged();
    }

    /** The key was accepted: called on each change of that kind. @returns {string} An id for `unsubscription`. */
    onAuthSuccess(callback) {
      return this.#listen(AUTH_SUCCESS, callback);
    }

    /** The key was not accepted, or there was none: the connection stays, anonymous. */
    onAuthFail(callback) {
      return this.#listen(AUTH_FAIL, callback);
    }

    /** Under this name, `onAuthFail` is known to older pages. */
    onAuthFalill(callback) {
      return this.onAuthFail(callback);
    }

    /**
     * The connection comes and goes: called on each change.
     *
     * @param {function(Status, StatusDetail)} callback
     * @returns {string} An id for `unsubscription`.
     */
    onStatus(callback) {
      return this.#listen(STATUS, callback);
    }

    // Sending and asking

    /**
     * Send a value to all others who listen to a channel. Write `web_pipe_send("channel", "event", value)`,
     * `web_pipe_send("channel.event", value)` or `web_pipe_send("channel", value)`.
     *
     * @param {string} pipe A channel that browsers may write to: its name begins with `web_` or `webauth_`.
     * @returns {boolean|undefined} true: sent. false: kept until there is a connection. undefined: refused.
     */
    web_pipe_send(pipe, event, value) {
      if (arguments.length < 3) {
        value = event;
        [pipe, event = ""] = String(pipe).split(/\.(.*)/s);
      }
      if (!WRITABLE.test(pipe)) return this.#refuse(`browsers may not send to ${pipe}`);
      if (!NAME.test(event)) return this.#refuse(`no event has the name ${event}`);
      return this.#sendOrKeep(`web_pipe2\n${pipe}\n${event}\n*\n${JSON.stringify(value) ?? "null"}`);
    }

    /**
     * Ask for the stored messages of a channel. They come, oldest first, to all its subscriptions in this page, with
     * `server_info.history` set.
     *
     * @param {function(Message)} [callback] Subscribes to the channel first.
     */
    get_pipe_log(pipe, callback) {
      const name = String(pipe).split(".")[0];
      if (!NAME.test(name) || name === "") return this.#refuse(`no channel has the name ${pipe}`, false);
      if (callback && this.subscription(pipe, callback) === false) return false;
      return this.#sendOrKeep(`pipe_log\n${name}\n${this.#marker()}\n`) !== undefined;
    }

    /** Ask how many connections listen to a channel; `data.user_in_pipe` of the answer says it. */
    count_users_in_pipe(pipe, callback) {
      if (!COUNTABLE.test(pipe)) return this.#refuse(`${pipe} cannot be counted`, false);
      return this.#ask((marker) => `pipe_count\n${pipe}\n${marker}\n`, callback);
    }

    /** Ask who listens to a `track_` channel; `data` of the answer is a list of `{user_id, uuid}`. */
    getTrackPipeUsers(pipe, callback) {
      if (!TRACKED.test(pipe)) return this.#refuse(`only track_ channels list who listens, not ${pipe}`, false);
      return this.#ask((marker) => `track_pipe_users\n${pipe}\n${marker}`, callback);
    }

    // Looking

    /** @returns {boolean|undefined} Whether the key was accepted; undefined while that is not known. */
    isAuthorized() { return this.#authorized; }

    isConnected() { return this.#line.status === "online"; }

    /** @returns {boolean} Whether this tab has a connection of its own; it has one whenever it is started. */
    isMaster() { return this.#started; }

    getUserId() { return this.#options.user_id; }
    getUserKey() { return this.#options.user_key; }
    getDevId() { return this.#options.dev_id; }

    /** @returns {string} What names this browser to others. */
    getUUID() {
      if (this.#options.uuid) return this.#options.uuid;
      const stored = this.#recall("comet_server_uuid");
      this.#uuid ??= UUID.test(stored ?? "") ? stored : this.#remember("comet_server_uuid", randomName(32));
      return this.#uuid;
    }

    /** @returns {string} What names this tab. */
    getTabUUID() { return this.#tabUUID; }

    /** @returns {string} The address to connect to, at the first node or at the given one. */
    getUrl(node = this.#nodes()[0]) {
      const { user_key, user_id, dev_id, path = "/ws/", wss } = this.#options;
      const scheme = (wss ?? this.#environment.location?.protocol === "https:") ? "wss" : "ws";
      return (
        `${scheme}://${node}${path}sesion=${urlPart(user_key)}&myid=${urlPart(user_id || 0)}` +
        `&devid=${urlPart(dev_id || 0)}&v=${PROTOCOL}&uuid=${this.getUUID()}&api=comet`
      );
    }

    getLogLevel() { return this.#logLevel; }

    /** @param {number} level 0: complaints only. 1: also the connection. 2: also each frame. Kept for next time. */
    setLogLevel(level) {
      this.#logLevel = Number(this.#remember("comet_LogLevel", Number(level) || 0));
    }

    // What happens

    #opened() {
      this.#told = "";
      this.#tellSubscriptions();
      for (const { text } of this.#questions.values()) this.#write(text);
      for (const text of this.#outbox.splice(0)) this.#write(text);
    }

    #changed(status, detail) {
      this.#log(1, status, detail);
      this.#fire(STATUS, status, detail);
    }

    #received(frame) {
      this.#log(2, "<", frame);
      if (frame.pipe === "sys" && frame.event === "serverInfo") return this.#welcomed(frame.authorized === true);
      if (!("data" in frame)) return;
      const { pipe = "msg", event = "", marker, uuid } = frame;
      const message = {
        data: decodeData(frame.data),
        server_info: {
          user_id: frame.user_id || 0,
          pipe,
          event,
          history: frame.history === true,
          marker,
          uuid,
          from_server: !("user_id" in frame),
        },
      };
      this.#fire(pipe, message);
      this.#fire(`${pipe}.${event}`, message);
      const question = this.#questions.get(marker);
      if (question) {
        this.#questions.delete(marker);
        this.#run(question.callback, message);
      }
      this.#fire("", message);
    }

    #welcomed(authorized) {
      if (authorized === this.#authorized) return;
      this.#authorized = authorized;
      this.#fire(authorized ? AUTH_SUCCESS : AUTH_FAIL);
    }

    // How it is done

    #nodes() {
      const { nodes, node } = this.#options;
      const all = [nodes ?? node ?? this.#environment.location?.host].flat().filter(Boolean);
      if (all.length === 0) throw new Error("no server is named: pass the option node");
      return all;
    }

    #listen(name, callback) {
      const id = `${name}&&${++this.#count}`;
      if (!this.#listeners.has(name)) this.#listeners.set(name, new Map());
      this.#listeners.get(name).set(id, callback);
      return id;
    }

    #fire(name, ...values) {
      for (const callback of [...(this.#listeners.get(name)?.values() ?? [])]) this.#run(callback, ...values);
    }

    /** One callback that fails must not keep the message from the others. */
    #run(callback, ...values) {
      try {
        callback(...values);
      } catch (error) {
        if (root.reportError) root.reportError(error);
        else this.#environment.console.error(error);
      }
    }

    #subscriptionsChanged() {
      this.#batch ??= this.#environment.setTimeout(() => this.#tellSubscriptions(), BATCH_TIME);
    }

    /** Send the whole list, if it is another than the last one. The server keeps what stays as it is. */
    #tellSubscriptions() {
      if (this.#batch !== null) this.#environment.clearTimeout(this.#batch);
      this.#batch = null;
      const names = new Set([...this.#listeners.keys()].map((name) => name.split(".")[0]));
      const list = [...names].filter((name) => SUBSCRIBED_AT_SERVER.test(name)).join("\n");
      if (list !== this.#told && this.#line.send(`subscription\n${list}`)) this.#told = list;
    }

    /** Write in the order of the calls: a subscription made before goes before. */
    #write(text) {
      if (this.#batch !== null && this.#line.isOpen) this.#tellSubscriptions();
      this.#log(2, ">", text);
      return this.#line.send(text);
    }

    #sendOrKeep(text) {
      if (this.#write(text)) return true;
      if (this.#outbox.length >= OUTBOX_LIMIT) return this.#refuse("too many messages wait for a connection");
      this.#outbox.push(text);
      return false;
    }

    /** A question stays until it is answered; a new connection asks it again. */
    #ask(question, callback) {
      const marker = this.#marker();
      const text = question(marker);
      if (this.#questions.size >= QUESTION_LIMIT) this.#questions.delete(this.#questions.keys().next().value);
      this.#questions.set(marker, { text, callback });
      this.#write(text);
      return true;
    }

    #marker() {
      return `${this.#tabUUID}-${++this.#count}`;
    }

    #refuse(complaint, result = undefined) {
      this.#environment.console.warn(`comet: ${complaint}`);
      return result;
    }

    #log(level, ...values) {
      if (level <= this.#logLevel) this.#environment.console.log("comet:", ...values);
    }

    #recall(key) {
      try {
        return this.#environment.storage?.getItem(key) ?? null;
      } catch {
        return null;
      }
    }

    #remember(key, value) {
      try {
        this.#environment.storage?.setItem(key, value);
      } catch {
        // Full or blocked: it holds for this page only.
      }
      return value;
    }
  }

  const cometApi = new CometApi();
  const CometServer = () => cometApi;
  const all = { CometApi, cometServerApi: CometApi, cometApi, CometServer };

  if (typeof module === "object" && module.exports) module.exports = all;
  else Object.assign(root, all);
})(globalThis);
