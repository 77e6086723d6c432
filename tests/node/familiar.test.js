/** The familiar methods, those of CppComet's script, against a server on loopback. */
"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { Browser, Clock, pause, until } = require("./server.js");
const { CometApi, CometServer, TabSignal, UUID, api, cometApi, cometServerApi, comet_server_signal, server, tabSignal } = require("./harness.js");

async function online({ keep = [], environment, ...options } = {}) {
  const there = await server();
  for (const name of keep) there.keep(name);
  const made = api(environment);
  made.start({ node: there.node, uuid: UUID, ...options });
  const peer = await there.client();
  await until(() => made.isConnected(), "online");
  return { api: made, peer, there };
}

describe("signing in", () => {
  it("says hello with what the page gave", async () => {
    const { peer, api } = await online({ dev_id: 3, user_id: 7, user_key: "key" });
    assert.deepEqual(peer.hello, { cmd: "hello", version: 1, dev_id: 3, user_id: 7, key: "key", uuid: UUID, channels: {} });
    assert.deepEqual([api.getDevId(), api.getUserId(), api.getUserKey(), api.getUUID()], [3, 7, "key", UUID]);
    assert.deepEqual([api.isAuthorized(), api.isMaster(), api.getRealUserKey()], [true, true, "key"]);
  });

  it("tells each change, and changes the user by a restart", async () => {
    const there = await server();
    const made = api();
    const told = [];
    made.onAuthSuccess(() => told.push("yes"));
    made.onAuthFalill(() => told.push("no"));
    made.start({ node: there.node, user_id: 7, user_key: "wrong" });
    await until(() => told.length === 1);
    made.restart({ user_key: "key" });
    await until(() => told.length === 2);
    assert.deepEqual(told, ["no", "yes"]);
    assert.equal(there.clients[0].gone, true);
  });

  it("is one ready client under the familiar names", () => {
    assert.equal(CometServer(), cometApi);
    assert.ok(cometApi instanceof cometServerApi);
    assert.equal(cometServerApi, CometApi);
    assert.equal(comet_server_signal(), tabSignal);
    assert.ok(tabSignal instanceof TabSignal);
  });

  it("calls back after the script that starts it, as pages expect that define what they need below", async () => {
    const there = await server();
    const made = api();
    const order = [];
    const started = new Promise((resolve) => {
      assert.equal(made.start({ node: there.node }, () => resolve(order.push("started"))), true);
    });
    order.push("defined");
    await started;
    assert.deepEqual(order, ["defined", "started"]);
  });

  it("takes one of several servers by lot with roundrobin, but a user's own", async () => {
    const there = [await server(), await server(), await server()];
    const nodes = there.map(({ node }) => node);
    const start = (options) => api({ random: () => 0.7 }).start({ node: nodes, ...options });
    start({ roundrobin: true });
    await there[2].client();
    start({ roundrobin: true, user_id: 7, user_key: "key" });
    await there[1].client();
    start({});
    await there[0].client();
    assert.deepEqual(there.map(({ clients }) => clients.length), [1, 1, 1]);
  });

  it("stops, and starts again with its subscriptions", async () => {
    const { api, there } = await online();
    api.subscription("one", () => {});
    await until(() => there.listeners("one").length);
    api.stop();
    assert.deepEqual(api.statuses.at(-1), { status: "offline" });
    await until(() => !there.listeners("one").length);
    api.start();
    await until(() => there.listeners("one").length);
  });
});

describe("listening", () => {
  it("calls back for the channel and event, and no other", async () => {
    const { api, there } = await online();
    const got = [];
    for (const name of ["one.a", "one", "one.b", "msg", "msg.a", "two\nthree", ""]) {
      api.subscription(name, ({ data }) => got.push(`${name}:${data}`));
    }
    await until(() => there.listeners("three").length);
    there.publish("one", "1", { event: "a" });
    there.clients[0].tell({ type: "private", data: "2", event: "a" });
    there.publish("three", "3");
    await until(() => got.at(-1) === ":3");
    assert.deepEqual(got, ["one:1", "one.a:1", ":1", "msg:2", "msg.a:2", ":2", "two\nthree:3", ":3"]);
  });

  it("takes several names, a line each, and no empty one for everything", async () => {
    const { api, there } = await online();
    const got = [];
    assert.equal(api.subscription("one\n\ntwo\n", ({ data }) => got.push(data)), undefined);
    await until(() => there.listeners("two").length);
    there.publish("one", "1");
    there.publish("two", "2");
    await until(() => got.length >= 2);
    await pause(20);
    assert.deepEqual(got, [1, 2]);
  });

  it("tells everything to a function alone, and to signals of the page", async () => {
    const { api, there } = await online({ uuid: undefined });
    const got = [];
    api.subscription(({ data }) => got.push(data));
    api.subscription("one.a", ({ data }) => got.push(`a${data}`));
    await until(() => there.listeners("one").length);
    there.publish("one", "1", { event: "a" });
    await until(() => got.length === 2);
    assert.deepEqual(got, ["a1", 1]);
    api.unsubscriptionAll();
    await until(() => !there.listeners("one").length);
  });

  it("tells where a message comes from", async () => {
    const { api, there } = await online();
    const got = [];
    api.subscription("one", (message) => got.push(message));
    await until(() => there.listeners("one").length);
    there.publish("one", '{"t":"it\'s"}', { event: "e" });
    there.publish("one", "12345678901234567890", { user_id: 7 });
    await until(() => got.length === 2);
    const info = { pipe: "one", marker: undefined, uuid: undefined, history: false };
    assert.deepEqual(got[0], { data: { t: "it's" }, server_info: { ...info, event: "e", user_id: 0, from_server: true } });
    assert.deepEqual(got[1], { data: "12345678901234567890", server_info: { ...info, event: "", user_id: 7, from_server: false } });
  });

  it("ends at the server with the last listener of a channel", async () => {
    const { api, there } = await online();
    const [a, b] = [api.subscription("one.x", () => {}), api.subscription("one", () => {})];
    await until(() => there.listeners("one").length);
    assert.equal(api.unsubscription(a), true);
    await pause(20);
    assert.equal(there.listeners("one").length, 1);
    assert.equal(api.unsubscription(b), true);
    await until(() => !there.listeners("one").length);
    assert.equal(api.unsubscription(b), false);
  });

  it("hears who comes and goes, and who is online", async () => {
    const { api, peer, there } = await online();
    const got = [];
    const hear = ({ data, server_info }) => got.push([server_info.event, data]);
    api.subscription("track_x", hear);
    api.subscription("user_status_9", hear);
    await until(() => there.listeners("user_status_9").length);
    const who = { channel: "track_x", connection: 3, user_id: 9, uuid: "U" };
    peer.tell({ type: "joined", ...who });
    peer.tell({ type: "left", ...who });
    for (const online of [true, false]) peer.tell({ type: "status", channel: "user_status_9", online, user_id: 9 });
    await until(() => got.length === 4);
    const member = { user_id: 9, uuid: "U" };
    assert.deepEqual(got, [["subscription", member], ["unsubscription", member], ["online", "online"], ["offline", "offline"]]);
  });

  it("refuses what is no name, and says so", () => {
    const made = api();
    for (const name of ["x", "a b", "naïve", "a.b.c", "#"]) assert.equal(made.subscription(name, () => {}), false, name);
    assert.equal(made.complaints.length, 5);
    assert.throws(() => made.subscription("fine"), TypeError);
  });

  it("is told of channels that the server refuses", async () => {
    const { api } = await online();
    const errors = [];
    api.subscription("sys.error", ({ data }) => errors.push(data));
    api.subscription("no_way", () => {});
    await until(() => errors.length);
    assert.deepEqual(errors, [{ error: "not no_way", code: "403" }]);
  });
});

describe("sending and asking", () => {
  it("sends, and hears how many received it", async () => {
    const { api, peer } = await online();
    const reports = [];
    api.subscription("#web_x", ({ data }) => reports.push(data));
    assert.equal(api.web_pipe_send("web_x", "e", [1]), true);
    api.web_pipe_send("web_x.e", "text");
    api.web_pipe_send("@web_x", undefined);
    await until(() => reports.length === 3);
    assert.deepEqual(reports[0], { message: "[1]", number_messages: 0 });
    const said = peer.commands("publish").map(({ channel, event, data, hide }) => [channel, event, data, hide]);
    assert.deepEqual(said, [["web_x", "e", "[1]", false], ["web_x", "e", '"text"', false], ["web_x", "", "null", true]]);
    for (const pipe of ["plain", "track_x", "web x", "@webauth_x"]) assert.equal(api.web_pipe_send(pipe, "e", 1), undefined);
  });

  it("keeps what is sent without a connection, in order", async () => {
    const there = await server();
    const made = api();
    for (let n = 0; n < 5; n++) assert.equal(made.web_pipe_send("web_x", n), false);
    made.start({ node: there.node });
    const peer = await there.client();
    await until(() => peer.commands("publish").length === 5);
    assert.deepEqual(peer.commands("publish").map(({ data }) => data), ["0", "1", "2", "3", "4"]);
  });

  it("sends copies of which a receiver hears one, without their number", async () => {
    const { api: sender, there } = await online();
    const receiver = api();
    const got = [];
    receiver.subscription("web_x", ({ data }) => got.push(data));
    receiver.start({ node: there.node });
    await until(() => there.listeners("web_x").length);
    sender.multi_web_pipe_send("web_x", "e", { a: 1 }, 3, 1);
    await until(() => there.clients[0].commands("publish").length === 3);
    await pause(20);
    assert.deepEqual(got, [{ a: 1 }]);
  });

  it("answers the one who asked", async () => {
    const { api } = await online({ user_id: 7, user_key: "key" });
    const got = [];
    api.count_users_in_pipe("web_x", ({ data }) => got.push(data));
    api.getTrackPipeUsers("track_x", ({ data }) => got.push(data));
    api.getUserData(15, ({ data }) => got.push(data));
    api.subscription("_answer_user_status", ({ data, server_info }) => got.push([server_info.event, data.online]));
    api.send_msg("user_status\n9");
    await until(() => got.length === 4);
    assert.deepEqual(got, [{ user_in_pipe: 0 }, [], { user_data: '{"of":15}', user_id: 15 }, ["user_status_9", true]]);
    assert.equal(api.getTrackPipeUsers("web_x"), false);
    assert.equal(api.count_users_in_pipe("plain"), false);
  });

  it("gets the history of a channel to its subscriptions", async () => {
    const { api, there } = await online({ keep: ["web_x"] });
    there.publish("web_x", "1");
    const got = [];
    api.get_pipe_log("web_x", ({ data, server_info }) => got.push([data, server_info.history]));
    await until(() => got.length);
    assert.deepEqual(got, [[1, true]]);
  });
});

describe("signals between tabs", () => {
  /** Tabs of one browser. */
  function tabs(count) {
    const browser = new Browser();
    return Array.from({ length: count }, () => new TabSignal({ setTimeout, clearTimeout, ...browser.tab().environment }));
  }

  it("reach the callbacks of their name: in this tab, or in all", async () => {
    const [here, other] = tabs(2);
    const got = [];
    here.connect("cart", (value) => got.push(["here", value]));
    here.connect("price", (value) => got.push(["price", value]));
    other.connect("mine", "cart", (value) => got.push(["other", value]));
    here.emit("cart", 1);
    here.emitAll("cart", { items: [2] });
    here.emitAll("cart", { items: [2] });
    other.send_emit("cart", "it's");
    await until(() => got.length === 7);
    assert.deepEqual(got.filter(([who]) => who === "here"), [["here", 1], ["here", { items: [2] }], ["here", { items: [2] }], ["here", "it's"]]);
    assert.deepEqual(got.filter(([who]) => who === "other"), [["other", "it's"], ["other", { items: [2] }], ["other", { items: [2] }]]);
  });

  it("end by slot and signal, or by what connect gave; one slot has one callback for a signal", () => {
    const [here] = tabs(1);
    const got = [];
    const id = here.connect("cart", () => got.push("lost"));
    here.connect("mine", "cart", () => got.push("first"));
    here.connect("mine", "cart", () => got.push("second"));
    here.connect("mine", "price", () => got.push("price"));
    assert.equal(here.disconnect(id), true);
    here.emit("cart");
    assert.deepEqual(got, ["second"]);
    assert.equal(here.disconnect("mine", "cart"), true);
    assert.equal(here.disconnect("mine", "cart"), false);
    here.emit("cart");
    here.emit("price");
    assert.deepEqual(got, ["second", "price"]);
    assert.throws(() => here.connect("cart"), TypeError);
  });

  it("share values, which one tab may renew until it sets another one", async () => {
    const clock = new Clock();
    const browser = new Browser();
    const [here, other] = [0, 1].map(() => new TabSignal({ ...browser.tab().environment, ...clock.environment }));
    assert.equal(here.getState("leader"), undefined);
    here.intervalUpdateState("leader", { tab: 1 }, 500);
    other.setState("leader", { tab: 2 });
    assert.deepEqual(here.getState("leader"), { tab: 2 });
    clock.advance(500);
    assert.deepEqual(other.getState("leader"), { tab: 1 });
    assert.deepEqual(JSON.parse(browser.values.tabSignal_leader), { time: 500, value: { tab: 1 }, tabUUID: here.getTabUUID() });
    here.setState("leader", null);
    clock.advance(5000);
    assert.equal(other.getState("leader"), null);
  });

  it("are apart under another event key", async () => {
    const [here, same, other] = tabs(3);
    const got = [];
    for (const [name, tab] of Object.entries({ same, other })) tab.connect("cart", () => got.push(name));
    for (const tab of [here, same]) tab.setEventKey("shop_7");
    assert.equal(here.getEventKey(), "shop_7");
    here.setState("a", 1);
    here.emitAll("cart");
    await until(() => got.length);
    await pause(20);
    assert.deepEqual([got, same.getState("a"), other.getState("a")], [["same"], 1, undefined]);
  });

  it("carry what the client hears, and reach its subscriptions", async () => {
    const there = await server();
    const signals = new TabSignal();
    const made = new CometApi({ WebSocket: require("ws"), memory: {}, location: undefined }, signals);
    const got = [];
    signals.connect("mine", "one.a", ({ data }) => got.push(["signal", data]));
    signals.connect("comet_server_msg", ({ data }) => got.push(["all", data]));
    made.subscription("one.a", ({ data }) => got.push(["subscription", data]));
    made.start({ node: there.node });
    try {
      await until(() => there.listeners("one").length);
      there.publish("one", "1", { event: "a" });
      await until(() => got.length === 3);
      assert.deepEqual(got, [["signal", 1], ["subscription", 1], ["all", 1]]);
      signals.emit("one.a", { data: 2 });
      assert.deepEqual(got.slice(3), [["signal", 2], ["subscription", 2]]);
      made.unsubscriptionAll();
      signals.emit("one.a", { data: 3 });
      assert.deepEqual(got.slice(5), [["signal", 3]]);
    } finally {
      made.stop();
    }
  });
});

describe("the rest", () => {
  it("takes the old switches", () => {
    const made = api({ location: { protocol: "https:", host: "shop.example" } });
    assert.equal(made.getUrl(), "wss://shop.example/comet/ws");
    assert.equal(made.isUseWss(), true);
    assert.equal(made.UseWss(false), false);
    assert.equal(made.getUrl("other"), "ws://other/comet/ws");
    assert.equal(made.UseWebSocket(), true);
    assert.equal(made.UseWebSocket(false), false);
    assert.equal(made.setRealUserKey("k"), true);
    assert.equal(made.getRealUserKey(), "k");
    assert.equal(made.sendStatistics(), true);
    assert.equal(made.Base64.decode(made.Base64.encode("it's 😀")), "it's 😀");
    assert.equal(made.stripslashes("a\\'b\\\\c"), "a'b\\c");
    assert.match(made.getTabUUID(), /^[\w-]{16}$/);
  });

  it("obeys a server that says not to come back", async () => {
    const clock = new Clock();
    const { api, peer } = await online({ environment: clock.environment });
    peer.bye(4501, "too many");
    await until(() => api.statuses.at(-1).fatal);
    assert.deepEqual(api.statuses.at(-1), { status: "offline", reason: "too many", code: 4501, fatal: true });
    assert.deepEqual(clock.waiting, []);
  });
});
