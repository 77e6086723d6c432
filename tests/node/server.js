/** A comet server for tests, in small: the JSON protocol over WebSocket, server-sent events and long-poll. */
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const PATIENCE = 5000;

/** Wait until something is so. */
async function until(condition, what = condition) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** A channel: what was said, if it keeps that. */
class Channel {
  messages = [];
  position = 0;

  constructor(name, epoch, kept) {
    this.name = name;
    this.epoch = epoch;
    this.kept = kept;
  }

  get cursor() {
    return this.kept ? `${this.epoch}:${this.position}` : null;
  }

  add(frame) {
    if (!this.kept) return frame;
    this.position += 1;
    const stored = { ...frame, cursor: this.cursor };
    this.messages.push({ position: this.position, frame: stored });
    this.messages.splice(0, this.messages.length - this.kept);
    return stored;
  }

  /** What came after a cursor, and whether something is missing. */
  since(cursor) {
    if (!cursor) return { found: [], gap: false };
    const [epoch, position] = cursor.split(":");
    if (!this.kept || epoch !== this.epoch) return { found: this.messages.map(({ frame }) => frame), gap: true };
    const found = this.messages.filter((entry) => entry.position > Number(position)).map(({ frame }) => frame);
    return { found, gap: this.position - Number(position) > found.length };
  }
}

/** One client: what it said, and how it is told. */
class Client {
  said = [];
  channels = new Set();
  gone = false;
  hello = null;

  constructor(server, transport, url, write, end) {
    this.server = server;
    this.transport = transport;
    this.url = url;
    this.write = write;
    this.end = end;
  }

  /** The commands of one kind that were said so far. */
  commands(kind) {
    return this.said.filter(({ cmd }) => cmd === kind);
  }

  tell(frame) {
    this.write(typeof frame === "string" ? frame : { time: 1, ...frame });
  }

  /** End the connection without a word. */
  drop() {
    this.leave();
    this.end();
  }

  bye(code, reason, final = code >= 4500) {
    this.tell({ type: "bye", code, reason, final });
    this.leave();
    this.end(code, reason);
  }

  leave() {
    if (!this.gone) this.server.rooms?.lost(this);
    this.gone = true;
  }

  command(command) {
    this.said.push(command);
    const { cmd, id } = command;
    if (cmd === "hello") return this.welcome(command);
    const carryOut = this[`on_${cmd}`] ?? ((what) => this.server.rooms?.carryOut(this, what));
    const answer = this.server.mute ? undefined : carryOut.call(this, command);
    if (id !== undefined && answer !== undefined) this.tell({ type: "ok", id, ...answer });
    return undefined;
  }

  welcome(hello) {
    const known = this.hello !== null;
    this.hello = hello;
    if (!this.server.greets) return;
    const { user_id = 0, key } = hello;
    const authorized = Boolean(user_id && this.server.keys.has(key));
    const { ping, session } = this;
    const rest = { dev_id: 0, expires: this.server.expires, node: "test", ping: this.server.ping, version: 1, session };
    if (!known) this.tell({ type: "welcome", authorized, user_id: authorized ? user_id : 0, connection: this.server.clients.length, ...rest });
    this.authorized = authorized;
    if (authorized && !known) for (const each of this.server.queue) if (each.number > (hello.ack ?? 0)) this.tell(each);
    if (Object.keys(hello.channels ?? {}).length) this.subscribe(hello.channels);
  }

  subscribe(channels) {
    const answer = {};
    const missed = [];
    for (const [name, since] of Object.entries(channels)) {
      if (name.startsWith("no_")) {
        this.tell({ type: "error", code: 403, name: "not_allowed", reason: `not ${name}`, channel: name });
        continue;
      }
      const channel = this.server.channel(name);
      const { found, gap } = this.channels.has(name) ? { found: [], gap: false } : channel.since(since);
      this.channels.add(name);
      answer[name] = { cursor: channel.cursor, gap, missed: found.length };
      missed.push(...found);
    }
    this.tell({ type: "subscribed", channels: answer });
    for (const frame of missed) this.tell(frame);
  }

  on_subscribe({ channel, since = null, channels = { [channel]: since } }) {
    this.subscribe(channels);
  }

  on_unsubscribe({ channels }) {
    for (const name of channels) this.channels.delete(name);
    return {};
  }

  on_publish({ id, channel, event = "", data, hide }) {
    if (!channel.startsWith("web")) {
      this.tell({ type: "error", id, code: 403, name: "not_allowed", reason: `nobody publishes to ${channel}` });
      return undefined;
    }
    const { receivers, cursor } = this.server.publish(channel, data, { event, user_id: hide ? 0 : (this.hello.user_id ?? 0) }, this);
    return { receivers, ...(cursor && { cursor }) };
  }

  on_count({ channel }) {
    return { count: this.server.listeners(channel).length };
  }

  on_members({ channel }) {
    return { members: this.server.listeners(channel).map(({ hello }) => ({ connection: 1, user_id: hello.user_id, uuid: hello.uuid })) };
  }

  on_history({ channel: name, since, limit = 10 }) {
    const channel = this.server.channel(name);
    const { found, gap } = since ? channel.since(since) : { found: channel.messages.map(({ frame }) => frame).slice(-limit), gap: false };
    return { messages: found, gap, cursor: channel.cursor };
  }

  on_status({ user_id }) {
    return { online: user_id === 9, seen: user_id === 9 ? 0 : -1 };
  }

  on_data({ user_id }) {
    return { data: `{"of":${user_id}}` };
  }

  on_ping() {
    return {};
  }

  on_refresh({ token }) {
    this.server.tokens.push(token);
    return { expires: this.server.expires };
  }

  on_ack({ number }) {
    this.server.queue = this.server.queue.filter((each) => each.number > number);
  }
}

class Server {
  clients = [];
  keys = new Set(["key"]);
  tokens = [];
  queue = [];
  requests = [];
  #sessions = new Map();
  #channels = new Map();
  #sockets = new Set();

  constructor({ greets = true, transports = ["ws", "sse", "poll"], ping = 30, expires = null, strays = false, world } = {}) {
    Object.assign(this, { greets, transports, ping, expires, strays, mute: false });
    // What another server with the same store knows.
    this.#channels = world?.channels ?? new Map();
    this.world = { channels: this.#channels };
  }

  async listen(port = 0) {
    const websockets = new WebSocketServer({ noServer: true });
    this.http = http.createServer((request, response) => this.#request(request, response));
    this.http.on("connection", (socket) => this.#sockets.add(socket) && socket.on("close", () => this.#sockets.delete(socket)));
    this.http.on("upgrade", (request, socket, head) => {
      if (!this.transports.includes("ws")) return socket.destroy();
      return websockets.handleUpgrade(request, socket, head, (websocket) => this.#websocket(websocket, request));
    });
    await new Promise((resolve, reject) => this.http.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.port = this.http.address().port;
    this.node = `127.0.0.1:${this.port}`;
    return this;
  }

  stop = () => {
    this.stopped ??= new Promise((resolve) => {
      for (const client of this.clients) client.leave();
      this.http.close(resolve);
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.stopped;
  };

  /** The n-th client that connected, once it has said hello. */
  client(n = 0) {
    return until(() => this.clients[n]?.hello && this.clients[n], `client ${n}`);
  }

  /** Keep the newest messages of a channel. */
  keep(name, length = 100, epoch = "e1") {
    this.#channels.set(name, new Channel(name, epoch, length));
  }

  channel(name) {
    if (!this.#channels.has(name)) this.#channels.set(name, new Channel(name, "", 0));
    return this.#channels.get(name);
  }

  listeners(name) {
    return this.clients.filter(({ gone, channels }) => !gone && channels.has(name));
  }

  publish(name, data, more = {}, sender = null) {
    const frame = this.channel(name).add({ type: "message", channel: name, data, event: "", time: 1, ...more });
    const others = this.listeners(name).filter((client) => client !== sender);
    for (const client of others) client.tell(frame);
    return { receivers: others.length, cursor: frame.cursor };
  }

  private(data, number, event = "") {
    const frame = { type: "private", data, event, number, time: 1 };
    if (number) this.queue.push(frame);
    for (const client of this.clients) if (!client.gone && client.authorized) client.tell(frame);
  }

  #add(client) {
    this.clients.push(client);
    return client;
  }

  #websocket(socket, request) {
    const write = (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    const end = (code, reason) => (code ? socket.close(code, reason) : socket.terminate());
    const client = this.#add(new Client(this, "ws", request.url, write, end));
    socket.on("message", (data) => {
      for (const line of data.toString().split("\n")) client.command(JSON.parse(line));
    });
    socket.on("close", () => client.leave());
  }

  async #request(request, response) {
    let body = "";
    for await (const part of request) body += part;
    const path = request.url.split("?")[0];
    this.requests.push({ method: request.method, path, body, headers: request.headers, url: request.url });
    if (path === "/comet/sse" && this.transports.includes("sse")) {
      return request.method === "GET" ? this.#stream(request, response) : this.#upstream(JSON.parse(body), response);
    }
    if (path === "/comet/poll" && this.transports.includes("poll")) return this.#poll(JSON.parse(body), response);
    response.writeHead(404).end();
    return undefined;
  }

  #stream(request, response) {
    const query = new URL(request.url, "http://x").searchParams;
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(": hello\n\n");
    const client = this.#add(new Client(this, "sse", request.url, (frame) => response.write(`id: x\ndata: ${JSON.stringify(frame)}\n\n`), () => response.destroy()));
    client.session = `s${this.clients.length}`;
    this.#sessions.set(client.session, client);
    response.on("close", () => client.leave());
    const channels = Object.fromEntries((query.get("channels") || "").split(",").filter(Boolean).map((name) => [name, null]));
    let ack;
    for (const place of (query.get("cursor") || "").split(",").filter(Boolean)) {
      const [name, ...cursor] = place.split(":");
      if (name === "msg") ack = Number(cursor[0]);
      else channels[name] = cursor.join(":");
    }
    const key = query.get("key") ?? request.headers.authorization?.replace("Bearer ", "");
    client.command({ cmd: "hello", user_id: Number(query.get("user_id")), key, uuid: query.get("uuid"), channels, ack });
  }

  #upstream({ session, commands }, response) {
    const client = this.#sessions.get(session);
    if (!client || client.gone || this.strays) return response.writeHead(404).end();
    response.writeHead(202).end();
    for (const command of commands) client.command(command);
    return undefined;
  }

  #poll({ hello, channels, session, batch, commands, wait }, response) {
    let client = this.#sessions.get(session);
    if (!client || client.gone) {
      client = this.#add(new Client(this, "poll", "", (frame) => client.outbox.push(frame) && client.flush(), () => client.waiting?.destroy()));
      Object.assign(client, { outbox: [], batches: 0, unread: [], waiting: null, session: `p${this.clients.length}` });
      client.flush = () => {
        if (client.waiting && client.outbox.length) client.answer();
      };
      client.answer = (frames = [...client.unread, ...client.outbox.splice(0)]) => {
        const { waiting } = client;
        client.waiting = null;
        client.unread = frames;
        client.batches += 1;
        waiting.end(JSON.stringify({ batch: client.batches, messages: frames, session: client.session }));
      };
      this.#sessions.set(client.session, client);
      client.command({ cmd: "hello", ...hello, channels });
    } else {
      if (batch === client.batches) client.unread = [];
      if (hello?.ack) client.on_ack({ number: hello.ack });
      const fresh = Object.entries(channels ?? {}).filter(([name]) => !client.channels.has(name));
      if (channels) for (const name of client.channels) if (!(name in channels)) client.channels.delete(name);
      if (fresh.length) client.subscribe(Object.fromEntries(fresh));
    }
    // The one that waits is answered without messages, and without a new batch.
    client.waiting?.end(JSON.stringify({ batch: client.batches, messages: [], session: client.session }));
    client.waiting = response;
    response.on("close", () => {
      if (client.waiting === response) client.waiting = null;
    });
    const [held, client_waiting] = [client.flush, client];
    client.flush = () => {};
    for (const command of commands ?? []) client_waiting.command(command);
    client.flush = held;
    if (client.outbox.length || client.unread.length || !wait) client.answer();
  }
}

const startServer = ({ port = 0, ...options } = {}) => new Server(options).listen(port);

/** Time that passes only when told to. */
class Clock {
  now = 0;
  waiting = [];
  #count = 0;

  setTimeout = (run, delay) => {
    this.waiting.push({ id: ++this.#count, at: this.now + delay, delay, run });
    return this.#count;
  };

  clearTimeout = (id) => {
    this.waiting = this.waiting.filter((timer) => timer.id !== id);
  };

  advance(time) {
    const end = this.now + time;
    for (;;) {
      const due = this.waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.now = Math.max(this.now, due.at);
      this.clearTimeout(due.id);
      due.run();
    }
    this.now = end;
  }

  get environment() {
    return { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout, now: () => this.now };
  }
}

/** A browser as its tabs see it: locks, channels between the tabs, and a storage that tells the others of changes. */
class Browser {
  #locks = new Map();
  #channels = new Map();
  #pages = new Set();
  values = {};

  /** What one tab has of it. @param {number} delay How long its requests for locks are under way. */
  tab(delay = 0) {
    const held = new Set();
    const browser = this;
    const tab = { frozen: false };
    const locks = {
      request: (name, ...rest) => {
        const callback = rest.pop();
        const { signal, steal } = rest[0] ?? {};
        return new Promise((resolve, reject) => {
          const request = { name, callback, resolve, reject, held };
          if (!browser.#locks.has(name)) browser.#locks.set(name, { holder: null, queue: [] });
          const lock = browser.#locks.get(name);
          const abort = () => {
            lock.queue = lock.queue.filter((other) => other !== request);
            reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
          };
          if (signal?.aborted) return abort();
          signal?.addEventListener("abort", () => lock.holder !== request && abort());
          if (steal) {
            const stolen = lock.holder;
            lock.holder = null;
            lock.queue.unshift(request);
            stolen?.held.delete(stolen);
            setImmediate(() => stolen?.reject(Object.assign(new Error("stolen"), { name: "AbortError" })));
          } else if (!delay) lock.queue.push(request);
          const ask = () => {
            if (delay && !steal) lock.queue.push(request);
            browser.#grant(lock);
          };
          if (delay) setTimeout(ask, delay);
          else setImmediate(ask);
          return undefined;
        });
      },
    };
    class BroadcastChannel {
      constructor(name) {
        this.name = name;
        if (!browser.#channels.has(name)) browser.#channels.set(name, new Set());
        browser.#channels.get(name).add(this);
      }

      postMessage(message) {
        if (tab.frozen) return;
        const data = structuredClone(message);
        for (const other of browser.#channels.get(this.name)) {
          if (other !== this) setImmediate(() => browser.#channels.get(this.name).has(other) && !other.tab().frozen && other.onmessage?.({ data }));
        }
      }

      tab() {
        return tab;
      }

      close() {
        browser.#channels.get(this.name).delete(this);
      }
    }
    const events = new EventTarget();
    this.#pages.add(events);
    const storage = {
      getItem: (key) => this.values[key] ?? null,
      setItem: (key, value) => {
        const newValue = String(value);
        if (this.values[key] === newValue) return;
        this.values[key] = newValue;
        const others = [...this.#pages].filter((page) => page !== events);
        for (const page of others) setImmediate(() => page.dispatchEvent(Object.assign(new Event("storage"), { key, newValue })));
      },
    };
    /** The tab is closed: it says nothing more, and its locks are free. */
    const vanish = () => {
      tab.frozen = true;
      this.#pages.delete(events);
      for (const request of [...held]) browser.#release(request);
    };
    return { environment: { locks, BroadcastChannel, storage, events }, tab, vanish };
  }

  #grant(lock) {
    if (lock.holder || !lock.queue.length) return;
    const request = (lock.holder = lock.queue.shift());
    request.held.add(request);
    Promise.resolve()
      .then(() => request.callback({ name: request.name }))
      .then(request.resolve, request.reject)
      .finally(() => this.#release(request));
  }

  #release(request) {
    const lock = this.#locks.get(request.name);
    request.held.delete(request);
    if (lock.holder !== request) return;
    lock.holder = null;
    this.#grant(lock);
  }
}

module.exports = { Browser, Clock, pause, startServer, until };
