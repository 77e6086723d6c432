/** The browser client against a WebSocket server on loopback. */
"use strict";

const assert = require("node:assert/strict");
const { afterEach, describe, it } = require("node:test");
const WebSocket = require("ws");
const { Clock, startServer, until } = require("./server.js");
const { CometApi, CometServer, cometApi, cometServerApi } = require("../../comet/web/comet.js");

const UUID = "0123456789abcdefghijklmnopqrstuv";

const cleanups = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options) {
  const started = await startServer(options);
  cleanups.push(started.stop);
  return started;
}

/** A client with its complaints and its status changes on record. */
function client(environment = {}) {
  const complaints = [];
  const api = new CometApi({
    WebSocket,
    console: { warn: (text) => complaints.push(text), error: (error) => complaints.push(error), log() {} },
    ...environment,
  });
  const statuses = [];
  api.onStatus((status, detail) => statuses.push({ status, ...detail }));
  cleanups.push(() => api.stop());
  return Object.assign(api, { complaints, statuses });
}

/** A client that is online with a fresh server. */
async function online({ authorized, environment, ...options } = {}) {
  const there = await server({ authorized });
  const api = client(environment);
  api.start({ node: there.node, uuid: UUID, ...options });
  const peer = await there.client();
  await until(() => api.isConnected(), "online");
  return { api, peer, there };
}

/** Storage as browsers have it. */
function storage(values = {}) {
  return { values, getItem: (key) => values[key] ?? null, setItem: (key, value) => (values[key] = String(value)) };
}

describe("the address", () => {
  it("carries all parameters in the order that servers expect", async () => {
    const { peer } = await online({ dev_id: 3, user_id: 7, user_key: "aB+/=_0" });
    assert.equal(peer.path, `/ws/sesion=aB+/=_0&myid=7&devid=3&v=4.08&uuid=${UUID}&api=comet`);
  });

  it("has empty values for an anonymous visitor, and a stored uuid", async () => {
    const there = await server();
    const store = storage({ comet_server_uuid: "v".repeat(32) });
    client({ storage: store }).start({ node: there.node });
    const { path } = await there.client();
    assert.equal(path, `/ws/sesion=&myid=0&devid=0&v=4.08&uuid=${"v".repeat(32)}&api=comet`);
  });

  it("escapes only what would break it", () => {
    const api = client();
    api.start({ node: "127.0.0.1:1", uuid: UUID, user_key: "a&b c?d#e.f-g~й" });
    assert.match(api.getUrl(), /sesion=a%26b%20c%3Fd%23e\.f-g~%D0%B9&myid=0/);
  });

  it("is that of the page unless a node is named", () => {
    const page = client({ location: { protocol: "https:", host: "shop.example:8443" } });
    assert.match(page.getUrl(), /^wss:\/\/shop\.example:8443\/ws\/sesion=/);
    page.start({ wss: false, node: "127.0.0.1:1", path: "/comet-server/ws/" });
    assert.match(page.getUrl(), /^ws:\/\/127\.0\.0\.1:1\/comet-server\/ws\/sesion=/);
    assert.match(page.getUrl("other"), /^ws:\/\/other\//);
  });

  it("needs a node where there is no page", () => {
    assert.throws(() => client().start(), /pass the option node/);
  });

  it("needs a WebSocket, which may be an option", async () => {
    const there = await server();
    const api = client({ WebSocket: undefined });
    assert.throws(() => api.start({ node: there.node }), /no WebSocket/);
    api.start({ node: there.node, WebSocket });
    await until(() => api.isConnected());
  });

  it("refuses a uuid that would not stay one parameter", () => {
    assert.throws(() => client().start({ node: "127.0.0.1:1", uuid: "a&b" }), TypeError);
  });
});

describe("what is remembered", () => {
  it("is one uuid of 32 characters for the browser, and another for each tab", () => {
    const store = storage();
    const [one, two] = [client({ storage: store }), client({ storage: store })];
    assert.match(one.getUUID(), /^[A-Za-z0-9_-]{32}$/);
    assert.equal(one.getUUID(), two.getUUID());
    assert.equal(store.values.comet_server_uuid, one.getUUID());
    assert.match(one.getTabUUID(), /^[A-Za-z0-9_-]{16}$/);
    assert.notEqual(one.getTabUUID(), two.getTabUUID());
  });

  it("is the log level", () => {
    const store = storage();
    client({ storage: store }).setLogLevel(2);
    assert.equal(client({ storage: store }).getLogLevel(), 2);
    assert.equal(client().getLogLevel(), 0);
  });

  it("may be nothing: a blocked storage does no harm", () => {
    const blocked = () => {
      throw new Error("blocked");
    };
    const api = client({ storage: { getItem: blocked, setItem: blocked } });
    assert.equal(api.getUUID(), api.getUUID());
    api.setLogLevel(1);
    assert.equal(api.getLogLevel(), 1);
  });

  it("is given back by the familiar getters", () => {
    const api = client();
    assert.equal(api.isMaster(), false);
    api.start({ node: "127.0.0.1:1", dev_id: 3, user_id: 7, user_key: "k", uuid: UUID });
    assert.deepEqual([api.getDevId(), api.getUserId(), api.getUserKey(), api.getUUID()], [3, 7, "k", UUID]);
    assert.equal(api.isMaster(), true);
  });

  it("is one ready client, under the familiar names", () => {
    assert.equal(CometServer(), cometApi);
    assert.ok(cometApi instanceof cometServerApi);
    assert.equal(cometServerApi, CometApi);
  });
});

describe("signing in", () => {
  it("tells success once, and again only after a change", async () => {
    const there = await server({ greets: false });
    const api = client();
    const told = [];
    api.onAuthSuccess(() => told.push("yes"));
    api.onAuthFalill(() => told.push("no"));
    const late = api.onAuthFail(() => told.push("never"));
    assert.equal(api.unsubscription(late), true);
    api.start({ node: there.node });
    const peer = await there.client();
    assert.equal(api.isAuthorized(), undefined);
    for (const authorized of [true, true, false, true]) peer.greet(authorized);
    await until(() => told.length === 3);
    assert.deepEqual(told, ["yes", "no", "yes"]);
    assert.equal(api.isAuthorized(), true);
  });

  it("changes the user by a restart, which is told even to the same end", async () => {
    const { api, peer, there } = await online({ user_id: 1, user_key: "a" });
    const told = [];
    api.onAuthFail(() => told.push("no"));
    api.restart({ user_id: 2, user_key: "b" });
    assert.equal(api.isAuthorized(), undefined);
    assert.match((await there.client(1)).path, /sesion=b&myid=2&/);
    await until(() => peer.gone && told.length === 1);
    assert.deepEqual(api.statuses.map(({ status }) => status).slice(-2), ["connecting", "online"]);
  });

  it("runs the callback of start once connecting has begun", async () => {
    const there = await server();
    const api = client();
    let status;
    assert.equal(
      api.start({ node: there.node }, () => (status = api.statuses.at(-1).status)),
      true,
    );
    assert.equal(status, "connecting");
  });
});

describe("subscribing", () => {
  it("sends the list as soon as the socket is open, before the server has greeted", async () => {
    const there = await server({ greets: false });
    const api = client();
    api.subscription("web_chat.hello", () => {});
    api.subscription("plain", () => {});
    api.start({ node: there.node });
    const peer = await there.client();
    await until(() => peer.said.length);
    assert.deepEqual(peer.said, ["subscription\nweb_chat\nplain"]);
  });

  it("collects changes, and names each channel once", async () => {
    const { api, peer } = await online();
    for (const name of ["one", "one.a", "one.b", "two", "#web_x", "msg", "msg.e", "sys", "", "_answer"]) {
      api.subscription(name, () => {});
    }
    await until(() => peer.said.length);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(peer.said, ["subscription\none\ntwo"]);
  });

  it("takes names that begin like those of the server's own frames", async () => {
    const { api, peer } = await online();
    for (const name of ["msgs", "system", "-dash", "42"]) api.subscription(name, () => {});
    await until(() => peer.said.length);
    assert.deepEqual(peer.said, ["subscription\nmsgs\nsystem\n-dash\n42"]);
  });

  it("is not told to the server again when a second listener comes or one of two goes", async () => {
    const { api, peer } = await online();
    const first = api.subscription("one", () => {});
    await until(() => peer.said.length === 1);
    api.subscription("one.e", () => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    api.unsubscription(first);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(peer.said, ["subscription\none"]);
  });

  it("ends at the server with the last listener of a channel", async () => {
    const { api, peer } = await online();
    const [a, b] = [api.subscription("one.x", () => {}), api.subscription("two", () => {})];
    await until(() => peer.said.length === 1);
    assert.equal(api.unsubscription(a), true);
    await until(() => peer.said.length === 2);
    assert.equal(api.unsubscription(b), true);
    await until(() => peer.said.length === 3);
    assert.deepEqual(peer.said, ["subscription\none\ntwo", "subscription\ntwo", "subscription\n"]);
    assert.equal(api.unsubscription(a), false);
    assert.equal(api.unsubscription("nonsense"), false);
  });

  it("ends altogether, and leaves status and sign-in callbacks alone", async () => {
    const { api, peer } = await online();
    api.subscription("one", () => assert.fail("unsubscribed"));
    api.subscription("", () => assert.fail("unsubscribed"));
    await until(() => peer.said.length === 1);
    api.unsubscriptionAll();
    await until(() => peer.said.length === 2);
    assert.equal(peer.said[1], "subscription\n");
    peer.message("one", "e", "1");
    peer.drop();
    await until(() => api.statuses.at(-1).status === "offline");
  });

  it("is sent again on each connection", async () => {
    const { api, peer, there } = await online({ environment: { random: () => 0 } });
    api.subscription("one", () => {});
    api.subscription("two.e", () => {});
    await until(() => peer.said.length === 1);
    peer.drop();
    const again = await there.client(1);
    await until(() => again.said.length === 1);
    assert.deepEqual(again.said, ["subscription\none\ntwo"]);
  });

  it("goes before what is said after it", async () => {
    const { api, peer } = await online();
    api.subscription("track_room", () => {});
    api.getTrackPipeUsers("track_room", () => {});
    api.subscription("web_room", () => {});
    api.web_pipe_send("web_room", "e", 1);
    await until(() => peer.said.length === 4);
    assert.deepEqual(
      peer.said.map((text) => text.split("\n")[0]),
      ["subscription", "track_pipe_users", "subscription", "web_pipe2"],
    );
  });

  it("refuses what is no name, and says so", () => {
    const api = client();
    for (const name of ["x", "a b", "naïve", "a\nb", "a.b.c", "n".repeat(65), "#"]) {
      assert.equal(api.subscription(name, () => {}), false, name);
    }
    assert.equal(api.complaints.length, 7);
    assert.throws(() => api.subscription("fine"), TypeError);
  });
});

describe("messages", () => {
  /** What a subscriber to everything gets for these frames. */
  async function received(...frames) {
    const { api, peer } = await online();
    const got = [];
    api.subscription((message) => got.push(message));
    for (const frame of frames) peer.tell(frame);
    peer.message("end", "end", "end");
    await until(() => got.at(-1)?.server_info.pipe === "end");
    return got.slice(0, -1);
  }

  const frame = (data, more) => ({ data, event: "e", pipe: "p1", ...more });
  const values = async (...texts) => (await received(...texts.map((text) => frame(text)))).map(({ data }) => data);

  it("are the JSON value that was sent", async () => {
    const sent = [{ t: "it's \\ \"q\" \\' \n \u2028 😀 </script>" }, [1, [2]], 42, -0.5, 1e21, true, null, "text", ""];
    assert.deepEqual(await values(...sent.map((value) => JSON.stringify(value))), sent);
  });

  it("are exactly the text if it is no JSON", async () => {
    const texts = ["it's me", "C:\\dir\\new", "\\'", '{"open": ', "007", "", "  blanks ", "😀 привет", "A::1;x", "NaN", "a\nb\0c"];
    assert.deepEqual(await values(...texts), texts);
  });

  it("keep long numbers exact, as text", async () => {
    assert.deepEqual(await values("12345678901234567890", "9007199254740991", "-9007199254740993"), [
      "12345678901234567890",
      9007199254740991,
      "-9007199254740993",
    ]);
  });

  it("may be objects already", async () => {
    const [message] = await received(frame({ user_id: 0, uuid: "it's \\" }));
    assert.deepEqual(message.data, { user_id: 0, uuid: "it's \\" });
  });

  it("tell where they come from", async () => {
    const [sql, browser, hidden, history] = await received(
      frame("1"),
      frame("1", { user_id: 7, uuid: "u", marker: "m" }),
      frame("1", { user_id: 0 }),
      frame("1", { user_id: 7, history: true, fromQueue: true }),
    );
    const here = { pipe: "p1", event: "e", history: false, marker: undefined, uuid: undefined };
    assert.deepEqual(sql.server_info, { ...here, user_id: 0, from_server: true });
    assert.deepEqual(browser.server_info, { ...here, user_id: 7, uuid: "u", marker: "m", from_server: false });
    assert.deepEqual(hidden.server_info, { ...here, user_id: 0, from_server: false });
    assert.deepEqual(history.server_info, { ...here, user_id: 7, history: true, from_server: false });
  });

  it("go to the listeners of their channel and event, and to no other", async () => {
    const { api, peer } = await online();
    const got = [];
    for (const name of ["one.a", "one", "one.b", "one.", "two", "msg", "msg.a", "#web_x", ""]) {
      api.subscription(name, ({ data }) => got.push(`${name}:${data}`));
    }
    peer.message("one", "a", "1");
    peer.message("one", "", "2");
    peer.message("msg", "a", "3");
    peer.message("_answer_to_web_x", "answer", "4");
    peer.message("_answer_to_web_y", "answer", "5");
    await until(() => got.at(-1) === ":5");
    assert.deepEqual(got, [
      ...["one:1", "one.a:1", ":1"],
      ...["one:2", "one.:2", ":2"],
      ...["msg:3", "msg.a:3", ":3"],
      ...["#web_x:4", ":4"],
      ":5",
    ]);
  });

  it("come several to a frame, one a line; what is no frame is left out", async () => {
    const line = (data) => JSON.stringify(frame(data));
    const got = await received(`${line("1")}\n${line("2")}`, "garbage", "7", "null", '{"no":"data"}', line("3"));
    assert.deepEqual(got.map(({ data }) => data), [1, 2, 3]);
  });

  it("are not kept from a listener by another that fails", async () => {
    const { api, peer } = await online();
    const got = [];
    api.subscription("one", () => {
      throw new Error("oh");
    });
    api.subscription("one", ({ data }) => got.push(data));
    peer.message("one", "e", "1");
    await until(() => got.length);
    assert.equal(api.complaints[0].message, "oh");
  });

  it("stop in the middle of a callback that unsubscribes", async () => {
    const { api, peer } = await online();
    const got = [];
    const ids = ["a", "b"].map((name) =>
      api.subscription("one", () => {
        got.push(name);
        ids.forEach((id) => api.unsubscription(id));
      }),
    );
    peer.message("one", "e", "1");
    peer.message("one", "e", "1");
    api.subscription("end", () => got.push("end"));
    peer.message("end", "e", "1");
    await until(() => got.at(-1) === "end");
    assert.deepEqual(got, ["a", "b", "end"]);
  });
});

describe("sending", () => {
  it("writes channel, event and the value as JSON", async () => {
    const { api, peer } = await online();
    assert.equal(api.web_pipe_send("web_x", "event", { text: "it's\n\"me\" \\ 😀" }), true);
    api.web_pipe_send("web_x.event", "text");
    api.web_pipe_send("web_x", 7);
    api.web_pipe_send("webauth_x", "e", undefined);
    api.web_pipe_send("@web_x", "e", null);
    await until(() => peer.said.length === 5);
    assert.deepEqual(peer.said, [
      'web_pipe2\nweb_x\nevent\n*\n{"text":"it\'s\\n\\"me\\" \\\\ 😀"}',
      'web_pipe2\nweb_x\nevent\n*\n"text"',
      "web_pipe2\nweb_x\n\n*\n7",
      "web_pipe2\nwebauth_x\ne\n*\nnull",
      "web_pipe2\n@web_x\ne\n*\nnull",
    ]);
  });

  it("refuses other channels and what would not stay on its line", () => {
    const api = client();
    for (const pipe of ["plain", "track_x", "web x", "web_x\nevil", "@webauth_x", "Web_x"]) {
      assert.equal(api.web_pipe_send(pipe, "e", 1), undefined, pipe);
    }
    assert.equal(api.web_pipe_send("web_x", "a\nb", 1), undefined);
    assert.equal(api.web_pipe_send("web_x.a.b", 1), undefined);
    assert.equal(api.complaints.length, 8);
  });

  it("hears how many received it", async () => {
    const { api, peer } = await online();
    const reports = [];
    api.subscription("#web_x", ({ data }) => reports.push(data));
    peer.message("_answer_to_web_x", "answer", { message: "[1]", number_messages: 3 });
    await until(() => reports.length);
    assert.deepEqual(reports, [{ message: "[1]", number_messages: 3 }]);
  });

  it("waits for a connection, in order, up to a limit", async () => {
    const there = await server();
    const api = client();
    for (let n = 0; n < 256; n++) assert.equal(api.web_pipe_send("web_x", n), false);
    assert.equal(api.web_pipe_send("web_x", 256), undefined);
    assert.match(api.complaints[0], /too many/);
    api.subscription("web_x", () => {});
    api.start({ node: there.node });
    const peer = await there.client();
    await until(() => peer.said.length === 257);
    assert.deepEqual(peer.said[0], "subscription\nweb_x");
    assert.deepEqual(peer.commands("web_pipe2").map((lines) => Number(lines[3])), [...Array(256).keys()]);
    assert.equal(api.web_pipe_send("web_x", 257), true);
  });
});

describe("asking", () => {
  it("answers the one who asked, once", async () => {
    const { api, peer } = await online();
    const got = [];
    api.count_users_in_pipe("web_x", ({ data }) => got.push(data.user_in_pipe));
    api.getTrackPipeUsers("track_x", ({ data }) => got.push(data));
    await until(() => peer.said.length === 2);
    const [, count] = peer.commands("pipe_count")[0];
    const [, users] = peer.commands("track_pipe_users")[0];
    assert.notEqual(count, users);
    const list = [{ user_id: 0, uuid: UUID }];
    peer.message("_answer_pipe_count", "user_in_pipe", { user_in_pipe: 9 }, { marker: "foreign" });
    peer.message("_answer", "answer", list, { marker: users });
    peer.message("_answer_pipe_count", "user_in_pipe", { user_in_pipe: 2 }, { marker: count });
    peer.message("_answer_pipe_count", "user_in_pipe", { user_in_pipe: 3 }, { marker: count });
    api.subscription("end", () => got.push("end"));
    peer.message("end", "", "");
    await until(() => got.at(-1) === "end");
    assert.deepEqual(got, [list, 2, "end"]);
  });

  it("is repeated on the next connection until it is answered", async () => {
    const there = await server();
    const api = client({ random: () => 0 });
    const got = [];
    api.count_users_in_pipe("track_x", ({ data }) => got.push(data.user_in_pipe));
    api.start({ node: there.node });
    const first = await there.client();
    await until(() => first.said.length === 1);
    first.drop();
    const second = await there.client(1);
    await until(() => second.said.length === 1);
    assert.deepEqual(second.said, first.said);
    second.message("_answer_pipe_count", "user_in_pipe", { user_in_pipe: 4 }, { marker: second.said[0].split("\n")[2] });
    await until(() => got.length);
    second.drop();
    const third = await there.client(2);
    await until(() => api.isConnected());
    assert.deepEqual([got, third.said], [[4], []]);
  });

  it("gets the history of a channel to its subscriptions", async () => {
    const { api, peer } = await online();
    const got = [];
    assert.equal(
      api.get_pipe_log("web_x.e", ({ data, server_info }) => got.push([data, server_info.history])),
      true,
    );
    await until(() => peer.said.length === 2);
    assert.equal(peer.said[0], "subscription\nweb_x");
    assert.match(peer.said[1], /^pipe_log\nweb_x\n[\w-]{1,64}\n$/);
    peer.message("web_x", "e", '"old"', { history: true, user_id: 0 });
    peer.message("web_x", "e", '"new"');
    await until(() => got.length === 2);
    assert.deepEqual(got, [["old", true], ["new", false]]);
  });

  it("refuses what the server would refuse", () => {
    const api = client();
    assert.equal(api.getTrackPipeUsers("web_x", () => {}), false);
    assert.equal(api.count_users_in_pipe("plain", () => {}), false);
    assert.equal(api.get_pipe_log("a\nb"), false);
    assert.equal(api.get_pipe_log(""), false);
    assert.equal(api.complaints.length, 4);
  });
});

describe("reconnecting", () => {
  /** A client whose time stands still, and a way to see the next attempt's delay. */
  function timed({ random = () => 1, ...environment } = {}) {
    const clock = new Clock();
    const api = client({ setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout, random, ...environment });
    return { api, clock };
  }

  /** The delays before each of the next attempts, none of which succeeds. */
  async function delays(api, clock, attempts) {
    for (let n = 0; n < attempts; n++) {
      const offline = () => api.statuses.filter(({ status }) => status === "offline").length > n;
      await until(offline);
      clock.advance(api.statuses.at(-1).retry_in);
    }
    return api.statuses.filter(({ status }) => status === "offline").map(({ retry_in }) => retry_in);
  }

  it("waits twice as long each time, up to half a minute", async () => {
    const { api, clock } = timed();
    api.start({ node: "127.0.0.1:1" });
    const seen = await delays(api, clock, 9);
    assert.deepEqual(seen, [300, 600, 1200, 2400, 4800, 9600, 19200, 30000, 30000]);
  });

  it("takes a random part of that time, from nothing to all", async () => {
    const chances = [0, 0.5, 0.25];
    const { api, clock } = timed({ random: () => chances.shift() ?? 0 });
    api.start({ node: "127.0.0.1:1" });
    assert.deepEqual((await delays(api, clock, 3)).slice(0, 3), [0, 300, 300]);
  });

  it("makes no attempt before its time", async () => {
    const { api, clock } = timed();
    api.start({ node: "127.0.0.1:1" });
    await until(() => api.statuses.at(-1).status === "offline");
    clock.advance(299);
    assert.equal(api.statuses.at(-1).status, "offline");
    clock.advance(1);
    assert.equal(api.statuses.at(-1).status, "connecting");
  });

  it("begins anew after a frame was heard", async () => {
    const there = await server();
    const { api, clock } = timed();
    api.start({ node: there.node });
    for (let n = 0; n < 3; n++) {
      (await there.client(n)).drop();
      const offline = () => api.statuses.filter(({ status }) => status === "offline")[n];
      assert.equal((await until(offline)).retry_in, 300);
      clock.advance(300);
    }
  });

  it("does not begin anew for a server that accepts and says nothing", async () => {
    const there = await server({ greets: false });
    const { api, clock } = timed();
    api.start({ node: there.node });
    for (const [n, delay] of [300, 600, 1200].entries()) {
      (await there.client(n)).drop();
      await until(() => api.statuses.at(-1).status === "offline");
      assert.equal(api.statuses.at(-1).retry_in, delay);
      clock.advance(delay);
    }
  });

  it("gives up on a server that does not greet in time", async () => {
    const there = await server({ greets: false });
    const { api, clock } = timed();
    api.start({ node: there.node });
    const peer = await there.client();
    clock.advance(9_999);
    assert.equal(api.statuses.at(-1).status, "connecting");
    clock.advance(1);
    assert.match(api.statuses.at(-1).reason, /did not answer/);
    await until(() => peer.gone);
  });

  it("has no time limit once the server has greeted", async () => {
    const there = await server();
    const { api, clock } = timed();
    api.start({ node: there.node });
    await until(() => api.isConnected());
    clock.advance(1e9);
    assert.equal(api.isConnected(), true);
  });

  it("also follows a clean close", async () => {
    const { there, peer } = await online({ environment: { random: () => 0 } });
    peer.socket.close(1001, "going away");
    await there.client(1);
  });

  it("tries at once when the browser says that it is online", async () => {
    const events = new EventTarget();
    const there = await server();
    const { api, clock } = timed({ events });
    const { port } = there;
    await there.stop();
    api.start({ node: `127.0.0.1:${port}` });
    await until(() => api.statuses.at(-1).status === "offline");
    const revived = await server({ port });
    events.dispatchEvent(new Event("online"));
    await revived.client();
    await until(() => api.isConnected());
    assert.equal(clock.now, 0);
    events.dispatchEvent(new Event("online"));
    assert.equal(api.isConnected(), true);
  });

  it("goes to the next node when one does not answer, and round again", async () => {
    const [dead, alive] = [await server(), await server()];
    await dead.stop();
    const { api, clock } = timed();
    api.start({ nodes: [dead.node, alive.node] });
    await until(() => api.statuses.at(-1).status === "offline");
    clock.advance(300);
    const peer = await alive.client();
    await until(() => api.isConnected());
    const revived = await server({ port: dead.port });
    await alive.stop();
    await until(() => peer.gone && api.statuses.at(-1).status === "offline");
    clock.advance(300); // the one that was good so far gets another chance
    await until(() => api.statuses.at(-1).status === "offline");
    clock.advance(300);
    await until(() => api.statuses.at(-1).status === "offline" || revived.clients.length);
    clock.advance(600);
    await revived.client();
  });

  it("stays with the first node while that one answers", async () => {
    const [first, second] = [await server(), await server()];
    const api = client({ random: () => 0 });
    api.start({ node: [first.node, second.node] });
    for (let n = 0; n < 3; n++) (await first.client(n)).drop();
    await first.client(3);
    assert.equal(second.clients.length, 0);
  });

  it("never happens after stop", async () => {
    const { api, peer } = await online();
    api.stop();
    assert.deepEqual(api.statuses.at(-1), { status: "offline" });
    assert.equal(api.isConnected(), false);
    await until(() => peer.gone);
    assert.equal(api.isMaster(), false);
  });

  it("is called off by stop", async () => {
    const { api, clock } = timed();
    api.start({ node: "127.0.0.1:1" });
    await until(() => api.statuses.at(-1).status === "offline");
    api.stop();
    assert.deepEqual(clock.waiting, []);
  });

  it("keeps subscriptions through stop and start", async () => {
    const { api, peer, there } = await online();
    api.subscription("one", () => {});
    await until(() => peer.said.length);
    api.stop();
    api.start();
    const again = await there.client(1);
    await until(() => again.said.length);
    assert.deepEqual(again.said, ["subscription\none"]);
  });
});

describe("a server that says not to come back", () => {
  const refusal = { data: { error: "not from here", error_code: 423 }, error: 423, event: "error", pipe: "sys" };

  it("is obeyed, and the page is told", async () => {
    const clock = new Clock();
    const there = await server({ greets: false });
    const api = client({ setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout });
    const errors = [];
    api.subscription("sys.error", ({ data }) => errors.push(data.error));
    api.start({ node: there.node });
    const peer = await there.client();
    peer.tell(refusal);
    await until(() => peer.gone);
    assert.deepEqual(api.statuses, [
      { status: "connecting" },
      { status: "offline", fatal: true, code: 423, reason: "not from here" },
    ]);
    assert.deepEqual(errors, ["not from here"]);
    clock.advance(1e9);
    assert.equal(api.statuses.length, 2);
  });

  it("may say why in a text, as to a client that it does not know yet", async () => {
    const there = await server({ greets: false });
    const api = client();
    api.start({ node: there.node });
    (await there.client()).tell({ ...refusal, data: JSON.stringify(refusal.data) });
    await until(() => api.statuses.at(-1).fatal);
    assert.equal(api.statuses.at(-1).reason, "not from here");
  });

  it("is asked again by a restart", async () => {
    const there = await server({ greets: false });
    const api = client();
    api.start({ node: there.node });
    (await there.client()).tell(refusal);
    await until(() => api.statuses.at(-1).fatal);
    api.restart({ user_key: "other" });
    (await there.client(1)).greet();
    await until(() => api.isConnected());
  });

  it("is not one that only refuses a request", async () => {
    const { api, peer } = await online();
    const errors = [];
    api.subscription("sys.error", ({ data }) => errors.push(data.error));
    peer.message("sys", "error", { error: "no", code: "403" });
    peer.tell({ data: { error: "low" }, error: 400, event: "error", pipe: "sys" });
    await until(() => errors.length === 2);
    assert.equal(api.isConnected(), true);
  });
});
