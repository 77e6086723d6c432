/** Calls and rooms of the server for tests, in small; see docs/reference/video-wire.rst. */
"use strict";

class Rooms {
  /** By name: seats by their numbers, in the order of coming, and rings by user. */
  #rooms = new Map();
  topology = "mesh";
  limit = 4;

  constructor(server) {
    this.server = server;
  }

  number(client) {
    return this.server.clients.indexOf(client) + 1;
  }

  user(client) {
    return client.authorized ? client.hello.user_id : 0;
  }

  room(name) {
    if (!this.#rooms.has(name)) this.#rooms.set(name, { name, seats: new Map(), rings: new Map() });
    return this.#rooms.get(name);
  }

  devices(user) {
    return this.server.clients.filter((client) => !client.gone && client.authorized && this.user(client) === user);
  }

  /** Tell all who sit in a room, but for one seat. */
  tell(room, frame, besides) {
    for (const [number, { client }] of room.seats) if (number !== besides && !client.gone) client.tell({ room: room.name, ...frame });
  }

  seatOf(room, client) {
    return [...room.seats.values()].find((seat) => seat.client === client);
  }

  shown({ number, client, user, on, lost }) {
    return { seat: number, connection: this.number(client), user_id: user, talking: false, hold: false, screen: false, ...on, lost, since: 1 };
  }

  carryOut(client, command) {
    const { cmd, id, room } = command;
    const refuse = (name) => {
      if (id !== undefined) client.tell({ type: "error", id, code: 400, name, reason: `refused: ${name}` });
    };
    return this[`on_${cmd}`]?.(client, command, room === undefined ? null : this.room(room), refuse);
  }

  seated(room, seat) {
    return {
      room: room.name,
      kind: room.name.startsWith("call-") ? "call" : "room",
      seat: seat.number,
      secret: seat.secret,
      topology: this.topology,
      ice: [{ urls: ["stun:stun.example"] }],
      expires: 0,
      time: Math.floor(Date.now() / 1000),
      limit: this.limit,
      members: [...room.seats.values()].map((each) => this.shown(each)),
    };
  }

  sit(client, room, mode) {
    const number = this.number(client);
    const seat = { number, client, user: this.user(client), secret: `secret ${number}`, lost: false, on: { audio: true, video: mode === "video" } };
    room.seats.set(number, seat);
    this.tell(room, { type: "entered", member: this.shown(seat) }, number);
    return seat;
  }

  on_call(client, { user_id, connection, mode, data }, _, refuse) {
    const only = connection && this.server.clients[connection - 1];
    const rung = only ? [only] : this.devices(user_id);
    if (!rung.length) return refuse("offline");
    const room = this.room(`call-${this.server.clients.length}-${Math.random().toString(36).slice(2)}`);
    const seat = this.sit(client, room, mode);
    room.rings.set(this.user(rung[0]), { by: client, only });
    const time = Math.floor(Date.now() / 1000);
    const ring = { type: "ring", room: room.name, kind: "call", caller_id: this.user(client), connection: this.number(client), mode, data, time, until: time + 45 };
    const answer = this.seated(room, seat);
    // In the same breath as the answer: what comes at once must not be lost.
    setImmediate(() => client.tell({ type: "ringing", room: room.name, user_id, devices: rung.length }));
    for (const device of rung) device.tell(ring);
    return answer;
  }

  on_join(client, { mode, seat: number, secret }, room, refuse) {
    if (number) {
      const seat = room.seats.get(number);
      if (!seat || seat.secret !== secret) return refuse("no_seat");
      seat.client = client;
      seat.lost = false;
      this.tell(room, { type: "back", member: this.shown(seat) }, number);
      return this.seated(room, seat);
    }
    const user = this.user(client);
    const ring = room.rings.get(user);
    if (room.name.startsWith("call-") && (!ring || (ring.only && ring.only !== client))) return refuse("no_room");
    if (room.seats.size >= this.limit) return refuse("room_full");
    const seat = this.sit(client, room, mode);
    if (ring) {
      room.rings.delete(user);
      for (const device of this.devices(user)) if (device !== client) device.tell({ type: "silent", room: room.name, reason: "taken" });
      ring.by.tell({ type: "answered", room: room.name, user_id: user, seat: seat.number });
    }
    return this.seated(room, seat);
  }

  on_decline(client, { reason }, room) {
    const ring = room.rings.get(this.user(client));
    room.rings.delete(this.user(client));
    for (const device of this.devices(this.user(client))) if (device !== client) device.tell({ type: "silent", room: room.name, reason: "declined" });
    ring.by.tell({ type: "unanswered", room: room.name, user_id: this.user(client), reason });
    this.end(room, reason);
    return {};
  }

  on_signal(client, { to, data }, room, refuse) {
    const from = this.seatOf(room, client);
    if (!from) return refuse("not_in_room");
    if (to === "media") {
      this.media?.(from, data, (answer) => client.tell({ type: "signal", room: room.name, from: "media", data: answer }));
      return {};
    }
    const seat = room.seats.get(to);
    if (!seat || seat.lost) return refuse("no_seat");
    seat.client.tell({ type: "signal", room: room.name, from: from.number, user_id: from.user, data });
    return {};
  }

  on_media(client, { cmd, id, room: name, ...on }, room, refuse) {
    const seat = this.seatOf(room, client);
    if (!seat) return refuse("not_in_room");
    Object.assign(seat.on, on);
    this.tell(room, { type: "media", seat: seat.number, ...seat.on }, seat.number);
    return {};
  }

  on_leave(client, _, room) {
    const seat = this.seatOf(room, client);
    if (seat) this.free(room, seat, "hangup");
    return {};
  }

  on_ice() {
    return { ice: [{ urls: ["turn:fresh.example"] }], expires: 0 };
  }

  free(room, seat, reason) {
    room.seats.delete(seat.number);
    this.tell(room, { type: "gone", seat: seat.number, user_id: seat.user, reason });
    if (room.name.startsWith("call-")) this.end(room, reason);
  }

  end(room, reason) {
    this.tell(room, { type: "ended", reason });
    this.#rooms.delete(room.name);
  }

  lost(client) {
    for (const room of this.#rooms.values()) {
      const seat = this.seatOf(room, client);
      if (!seat) continue;
      seat.lost = true;
      this.tell(room, { type: "lost", seat: seat.number, until: 0 }, seat.number);
    }
  }

  turn(name, topology) {
    this.topology = topology;
    this.tell(this.room(name), { type: "topology", topology });
  }
}

module.exports = { Rooms };
