/** A comet server for tests: it records what clients say, and says what the test wants. */
"use strict";

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

/** One client: what it asked for, what it said since. */
class Client {
  constructor(socket, request) {
    this.socket = socket;
    this.path = request.url;
    this.said = [];
    this.gone = false;
    socket.on("message", (data, isBinary) => this.said.push(isBinary ? data : data.toString()));
    socket.on("close", () => (this.gone = true));
  }

  /** The arguments of all commands of one kind that were said so far. */
  commands(kind) {
    return this.said.filter((text) => text.startsWith(`${kind}\n`)).map((text) => text.split("\n").slice(1));
  }

  tell(frame) {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  greet(authorized = false) {
    this.tell({ authorized, data: authorized ? "key" : "", event: "serverInfo", pipe: "sys", server: "test" });
  }

  /** A message as a browser sent it, or, without a user_id, as it came in SQL. */
  message(pipe, event, data, more = {}) {
    this.tell({ data, event, message_send_time: 1, pipe, ...more });
  }

  /** End the connection as the server does: without a Close frame. */
  drop() {
    this.socket.terminate();
  }
}

/** @param {{greets?: boolean, authorized?: boolean, port?: number}} options */
async function startServer({ greets = true, authorized = false, port = 0 } = {}) {
  const clients = [];
  const listener = new WebSocketServer({ host: "127.0.0.1", port });
  listener.on("connection", (socket, request) => {
    const client = new Client(socket, request);
    if (greets) client.greet(authorized);
    clients.push(client);
  });
  await new Promise((resolve, reject) => listener.once("listening", resolve).once("error", reject));
  return {
    clients,
    port: listener.address().port,
    node: `127.0.0.1:${listener.address().port}`,
    /** The n-th client that connected, once it has. */
    client: (n = 0) => until(() => clients[n], `client ${n}`),
    stop: () =>
      new Promise((resolve) => {
        for (const { socket } of clients) socket.terminate();
        listener.close(resolve);
      }),
  };
}

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
    this.now += time;
    for (;;) {
      const due = this.waiting.filter(({ at }) => at <= this.now).sort((a, b) => a.at - b.at)[0];
      if (!due) return;
      this.clearTimeout(due.id);
      due.run();
    }
  }
}

module.exports = { Clock, startServer, until };
