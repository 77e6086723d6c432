/** The modern face: each transport against a server on loopback, in small. */
"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { Browser, Clock, pause, until } = require("./server.js");
const { CometError, client, server } = require("./harness.js");

/** The reason of the last loss. */
const reason = ({ states }) => states.filter(({ state }) => state === "offline").at(-1)?.reason;

/** Let time pass, and the server answer meanwhile. */
async function pass(clock, time) {
  for (let passed = 0; passed < time; passed += 5000) {
    clock.advance(5000);
    await pause(4);
  }
}

const KINDS = ["websocket", "sse", "poll"];

for (const kind of KINDS) {
  describe(`over ${kind}`, () => {
    const open = (there, options = {}, environment) => client(environment).open({ node: there.node, transports: [kind], ...options });

    it("hears messages, in order, and parses them", async () => {
      const there = await server();
      const comet = open(there);
      const got = [];
      await comet.subscribe("news", ({ data, event }) => got.push([data, event])).ready;
      there.publish("news", '{"a":1}', { event: "e" });
      there.publish("news", "text");
      there.publish("news", "12345678901234567890");
      await until(() => got.length === 3);
      assert.deepEqual(got, [[{ a: 1 }, "e"], ["text", ""], ["12345678901234567890", ""]]);
      assert.equal(comet.connection.transport, kind);
    });

    it("publishes and asks", async () => {
      const there = await server();
      const [one, two] = [open(there, { userId: 7, key: "key" }), open(there)];
      const got = [];
      await two.subscribe("web_x", ({ data, userId }) => got.push([data, userId])).ready;
      assert.deepEqual(await one.publish("web_x", { a: 1 }), { receivers: 1, cursor: null });
      await until(() => got.length);
      assert.deepEqual(got, [[{ a: 1 }, 7]]);
      assert.equal(one.authorized, true);
      assert.equal(await one.count("web_x"), 1);
      assert.equal((await one.members("web_x"))[0].uuid, two.uuid);
      assert.deepEqual(await one.status(9), { online: true, seen: 0 });
      assert.deepEqual(await one.data(4), { of: 4 });
      await assert.rejects(one.publish("plain", 1), (error) => error instanceof CometError && error.code === 403);
    });

    it("receives exactly what it missed, in order, once", async () => {
      const there = await server();
      there.keep("news");
      const comet = open(there);
      const got = [];
      const news = comet.subscribe("news", ({ data }) => got.push(data));
      await news.ready;
      for (let n = 0; n < 40; n++) {
        if (n % 10 === 5) there.clients.at(-1).drop();
        there.publish("news", String(n));
        if (n % 4 === 0) await pause(3);
      }
      await until(() => got.length >= 40, "forty");
      await pause(30);
      assert.deepEqual(got, [...Array(40).keys()]);
      assert.equal(news.cursor, "e1:40");
    });

    it("tells a gap", async () => {
      const there = await server();
      there.keep("news", 2);
      const comet = open(there);
      for (let n = 0; n < 5; n++) there.publish("news", String(n));
      const [got, gaps] = [[], []];
      const news = comet.subscribe("news", { since: "e1:1" }, ({ data }) => got.push(data));
      news.onGap(({ since, missed }) => gaps.push([since, missed]));
      await until(() => got.length === 2);
      assert.deepEqual([got, gaps], [[3, 4], [["e1:1", 2]]]);
    });

    it("acknowledges private messages that reached a listener, and passes over the same again", async () => {
      const there = await server();
      for (const n of [1, 2]) there.private(String(n), n);
      const comet = open(there, { userId: 7, key: "key" });
      await comet.ready;
      await pause(30);
      assert.equal(there.queue.length, 2);
      const got = [];
      comet.messages(({ data }) => got.push(data));
      await until(() => there.queue.length === 0);
      there.private("3", 3);
      await until(() => there.queue.length === 0);
      there.clients.at(-1).tell({ type: "private", data: "3", number: 3 });
      await pause(20);
      assert.deepEqual(got, [1, 2, 3]);
    });

    it("changes its channels", async () => {
      const there = await server();
      const comet = open(there);
      const one = comet.subscribe("one");
      await one.ready;
      await comet.subscribe("two").ready;
      one.unsubscribe();
      await until(() => !there.listeners("one").length && there.listeners("two").length);
      await assert.rejects(comet.subscribe("no_way").ready, { code: 403 });
    });
  });
}

describe("a subscription", () => {
  const open = async (options) => {
    const there = await server(options);
    const comet = client().open({ node: there.node });
    return { there, comet };
  };

  it("is a loop, which ends it when left", async () => {
    const { there, comet } = await open();
    const news = comet.subscribe("news");
    await news.ready;
    for (const n of [1, 2, 3]) there.publish("news", String(n));
    const got = [];
    for await (const { data } of news) {
      got.push(data);
      if (data === 3) break;
    }
    assert.deepEqual(got, [1, 2, 3]);
    await until(() => !there.listeners("news").length);
  });

  it("keeps a bounded number of messages for a slow reader, and tells what it threw away", async () => {
    const { there, comet } = await open();
    const news = comet.subscribe("news", { buffer: 2 });
    let dropped = 0;
    news.onGap((gap) => (dropped += gap.dropped));
    await news.ready;
    for (let n = 0; n < 5; n++) there.publish("news", String(n));
    await until(() => dropped === 3);
    const got = [];
    for await (const { data } of news) if (got.push(data) === 2) break;
    assert.deepEqual(got, [3, 4]);
  });

  it("filters by event, and ends by a signal", async () => {
    const { there, comet } = await open();
    const stop = new AbortController();
    const got = [];
    await comet.subscribe("news", { event: "a", signal: stop.signal }, ({ data }) => got.push(data)).ready;
    there.publish("news", "1", { event: "a" });
    there.publish("news", "2", { event: "b" });
    await until(() => got.length);
    stop.abort();
    await until(() => !there.listeners("news").length);
    assert.deepEqual(got, [1]);
  });

  it("may begin in the past of a channel that another one follows already", async () => {
    const { there, comet } = await open();
    there.keep("news");
    await comet.subscribe("news").ready;
    for (let n = 1; n < 5; n++) there.publish("news", String(n));
    const got = [];
    comet.subscribe("news", { since: "e1:2" }, ({ data }) => got.push(data));
    there.publish("news", "5");
    await until(() => got.length >= 3);
    await pause(20);
    assert.deepEqual(got, [3, 4, 5]);
  });

  it("does not get back what was published from here, not even after a lost connection", async () => {
    const { there, comet } = await open();
    there.keep("web_x");
    const got = [];
    const x = comet.subscribe("web_x", ({ data }) => got.push(data));
    await x.ready;
    await x.publish("mine");
    there.clients[0].drop();
    there.publish("web_x", '"theirs"');
    await until(() => got.length);
    await pause(20);
    assert.deepEqual(got, ["theirs"]);
  });

  it("fails its ready and its loop if it is refused", async () => {
    const { comet } = await open();
    const refused = comet.subscribe("no_way");
    await assert.rejects(async () => {
      for await (const _ of refused) assert.fail("a message");
    }, { code: 403, kind: "not_allowed" });
  });
});

describe("reconnecting", () => {
  it("waits twice as long each time, up to half a minute, a random part of it", async () => {
    const clock = new Clock();
    const comet = client({ ...clock.environment, random: () => 1, fetch: undefined });
    comet.open({ node: "127.0.0.1:1" });
    for (let n = 1; n <= 9; n++) {
      await until(() => comet.states.filter(({ state }) => state === "offline").length === n);
      clock.advance(comet.states.at(-1).retryIn);
    }
    const delays = comet.states.filter(({ state }) => state === "offline").map(({ retryIn }) => retryIn);
    assert.deepEqual(delays, [300, 600, 1200, 2400, 4800, 9600, 19200, 30000, 30000]);
  });

  it("gives up on a server that says nothing: at first, and later", async () => {
    const clock = new Clock();
    const there = await server({ greets: false, ping: 10 });
    const comet = client({ ...clock.environment, fetch: undefined }).open({ node: there.node });
    await there.client();
    clock.advance(6000);
    assert.match(reason(comet), /did not answer/);
    there.greets = true;
    for (const each of there.clients) each.drop();
    await pause(10);
    clock.advance(0);
    await comet.ready;
    there.mute = true;
    clock.advance(10_000);
    await until(() => there.clients.at(-1).commands("ping").length === 1);
    clock.advance(10_000);
    assert.match(reason(comet), /silent/);
  });

  it("begins at once when the network is back or the page awake", async () => {
    const events = new EventTarget();
    const clock = new Clock();
    const there = await server();
    const comet = client({ ...clock.environment, random: () => 1, events, visible: () => true }).open({ node: there.node });
    await comet.ready;
    events.dispatchEvent(new Event("offline"));
    assert.equal(comet.states.at(-1).reason, "the browser is offline");
    events.dispatchEvent(new Event("online"));
    await until(() => comet.state === "online");
    assert.equal(clock.now, 0);
    // A dead connection is found out soon after the page is looked at again.
    there.mute = true;
    events.dispatchEvent(new Event("visibilitychange"));
    clock.advance(4000);
    assert.match(reason(comet), /silent/);
  });

  it("sleeps with its page, and comes back with it", async () => {
    const events = new EventTarget();
    const there = await server();
    there.keep("news");
    const comet = client({ events, visible: () => true }).open({ node: there.node });
    const got = [];
    await comet.subscribe("news", ({ data }) => got.push(data)).ready;
    events.dispatchEvent(new Event("freeze"));
    await until(() => there.clients[0].gone);
    there.publish("news", "1");
    events.dispatchEvent(new Event("resume"));
    await until(() => got.length);
    assert.deepEqual(got, [1]);
  });

  it("stays away when told to, until opened anew", async () => {
    const clock = new Clock();
    const there = await server();
    const comet = client(clock.environment).open({ node: there.node });
    await comet.ready;
    there.clients[0].bye(4500, "go");
    await until(() => comet.state === "offline");
    assert.deepEqual([comet.states.at(-1).final, comet.states.at(-1).code, clock.waiting.length], [true, 4500, 0]);
    comet.open({ node: there.node });
    await until(() => comet.state === "online");
  });

  it("never publishes twice: what was not answered fails, what was not sent goes later", async () => {
    const there = await server();
    const comet = client().open({ node: there.node });
    await comet.ready;
    there.mute = true;
    const lost = comet.publish("web_x", 1);
    const question = comet.count("web_x");
    await until(() => there.clients[0].commands("count").length);
    there.mute = false;
    there.clients[0].drop();
    await assert.rejects(lost, { kind: "lost" });
    assert.equal(await question, 0);
    assert.equal(there.clients[1].commands("publish").length, 0);
  });
});

describe("another user in the same page", () => {
  it("gets the messages that wait, whatever the last one has acknowledged, and none of the last one's", async () => {
    const there = await server();
    const comet = client().open({ node: there.node, userId: 7, key: "key" });
    const got = [];
    await comet.ready;
    const first = comet.messages();
    const loop = first[Symbol.asyncIterator]();
    const taken = loop.next();
    there.private('"for 7"', 9);
    assert.equal((await taken).value.data, "for 7");
    await until(() => there.queue.length === 0);
    there.private('"also for 7"', 10);
    await comet.count("web_x");
    there.queue = [];
    there.private('"for 8"', 5);
    comet.open({ node: there.node, userId: 8, key: "key" });
    const peer = await there.client(1);
    assert.equal(peer.hello.ack, undefined);
    got.push((await loop.next()).value.data);
    await until(() => there.queue.length === 0);
    assert.deepEqual(got, ["for 8"]);
  });
});

describe("nodes", () => {
  it("are begun with in order by the anonymous, by number by users", async () => {
    const [one, two] = [await server(), await server()];
    const nodes = [one.node, two.node];
    await client().open({ nodes }).ready;
    await client().open({ nodes, userId: 7 }).ready;
    assert.deepEqual([one.clients.length, two.clients.length], [1, 1]);
  });

  it("replace each other when one fails, and the first is gone back to without a gap", async () => {
    const clock = new Clock();
    const [first, second] = [await server(), await server()];
    const { port } = first;
    await first.stop();
    const comet = client(clock.environment).open({ nodes: [first.node, second.node] });
    const got = [];
    const news = comet.subscribe("web_x", ({ data }) => got.push(data));
    await until(() => comet.state === "offline");
    clock.advance(0);
    await news.ready;
    const revived = await server({ port });
    await pass(clock, 60_000);
    await until(() => revived.listeners("web_x").length);
    revived.publish("web_x", "1");
    await until(() => got.length);
    assert.equal(comet.states.filter(({ state }) => state === "offline").length, 1);
    clock.advance(5000);
    await until(() => second.clients[0].gone);
  });
});

describe("transports", () => {
  it("fall back, remember what worked, and go back to WebSocket when it works again", async () => {
    const clock = new Clock();
    const there = await server({ transports: ["poll"] });
    const memory = {};
    const comet = client({ ...clock.environment, memory }).open({ node: there.node });
    for (let tries = 0; comet.state !== "online" && tries < 500; tries++) {
      await pause(2);
      if (comet.state === "offline") clock.advance(0);
    }
    assert.equal(comet.connection.transport, "poll");
    assert.equal(memory.worked, "poll");
    there.transports = ["ws", "sse", "poll"];
    await pass(clock, 60_000);
    await until(() => comet.connection?.transport === "websocket");
    assert.equal(await comet.count("web_x"), 0);
  });

  it("say it by long-poll when requests reach another server than the stream", async () => {
    const there = await server({ strays: true });
    const comet = client().open({ node: there.node, transports: ["sse"] });
    await comet.ready;
    assert.deepEqual(await comet.publish("web_x", 1), { receivers: 0, cursor: null });
    await comet.subscribe("news").ready;
    assert.equal(there.listeners("news")[0].transport, "sse");
  });

  it("keep the address of a stream short enough for proxies, and ask for the rest behind it", async () => {
    const there = await server();
    const comet = client();
    const names = Array.from({ length: 150 }, (_, n) => `web_a_channel_with_a_rather_long_name_${n}`);
    for (const name of names) {
      there.keep(name, 5);
      there.publish(name, "1");
    }
    const got = new Set();
    for (const name of names) comet.subscribe(name, { since: "e1:0" }, ({ channel }) => got.add(channel));
    comet.open({ node: there.node, transports: ["sse"] });
    await until(() => got.size === names.length);
    const longest = Math.max(...there.requests.map(({ url }) => url.length));
    assert.ok(longest < 8000, String(longest));
  });

  it("must be known", () => {
    assert.throws(() => client().open({ node: "x", transports: ["pigeon"] }), /there is no pigeon/);
    assert.throws(() => client().open(), /pass the option node/);
    assert.throws(() => client({ WebSocket: undefined, fetch: undefined }).open({ node: "x" }), /no WebSocket/);
  });
});

describe("tokens", () => {
  it("are fetched, and fetched again before they run out", async () => {
    const clock = new Clock();
    const there = await server({ expires: 101 });
    let count = 0;
    const getToken = async () => ["key", "second"][count++];
    const comet = client(clock.environment).open({ node: there.node, userId: 7, getToken });
    await comet.ready;
    assert.equal(comet.authorized, true);
    await pass(clock, 75_000);
    await until(() => there.tokens.length);
    assert.deepEqual(there.tokens, ["second"]);
  });

  it("are fetched anew after a goodbye for that reason", async () => {
    const there = await server();
    there.keys.add("two");
    let count = 0;
    const comet = client().open({ node: there.node, userId: 7, getToken: () => ["key", "two"][count++] });
    await comet.ready;
    there.clients[0].bye(4005, "expired");
    const again = await there.client(1);
    assert.equal(again.hello.key, "two");
  });
});

describe("tabs", () => {
  const browser = new Browser();

  /** Tabs of one browser on one page; each with what it heard. */
  function tabs(there, count, options = {}) {
    return Array.from({ length: count }, () => {
      const { environment, tab, vanish } = browser.tab();
      const comet = client(environment).open({ node: there.node, ...options });
      const got = [];
      const news = comet.subscribe("web_news", ({ data }) => got.push(data));
      return { comet, environment, got, news, tab, vanish };
    });
  }

  it("share one connection; each hears everything, and asks for itself", async () => {
    const there = await server();
    const [a, b, c] = tabs(there, 3);
    for (const { news } of [a, b, c]) await news.ready;
    assert.equal(there.clients.length, 1);
    assert.deepEqual([a, b, c].map(({ comet }) => comet.isMaster()), [true, false, false]);
    there.publish("web_news", "1");
    await until(() => [a, b, c].every(({ got }) => got.length === 1));
    assert.equal(await b.comet.count("web_news"), 1);
    await c.comet.publish("web_news", 2);
    await until(() => a.got.length === 2 && b.got.length === 2);
    assert.deepEqual([a.got, b.got, c.got], [[1, 2], [1, 2], [1]]);
  });

  it("are not taken for gone while the browser has not given them their lock yet", async () => {
    const there = await server();
    const [a] = tabs(there, 1);
    await a.news.ready;
    const slow = client(browser.tab(20).environment).open({ node: there.node });
    const got = [];
    await slow.subscribe("web_news", ({ data }) => got.push(data)).ready;
    await pause(60);
    there.publish("web_news", "1");
    await slow.publish("web_news", 2);
    await until(() => a.got.length === 2 && got.length === 1);
  });

  it("hand over without loss and without a message twice when the master closes", async () => {
    const there = await server();
    there.keep("web_news");
    const all = tabs(there, 3);
    for (const { news } of all) await news.ready;
    for (let n = 0; n < 30; n++) {
      if (n === 10) all[0].vanish();
      if (n === 10) there.clients[0].drop();
      there.publish("web_news", String(n));
      if (n % 3 === 0) await pause(2);
    }
    await until(() => all[2].got.length >= 30, "thirty");
    await pause(30);
    const expected = [...Array(30).keys()];
    assert.deepEqual([all[1].got, all[2].got], [expected, expected]);
    assert.equal(all[1].comet.isMaster(), true);
  });

  it("end what only they listened to", async () => {
    const there = await server();
    const [a, b] = tabs(there, 2);
    await Promise.all([a.news.ready, b.news.ready]);
    await b.comet.subscribe("other").ready;
    assert.equal(there.listeners("other").length, 1);
    b.comet.close();
    await until(() => !there.listeners("other").length);
    assert.equal(there.listeners("web_news").length, 1);
    assert.equal(a.comet.state, "online");
  });

  it("take over from one that is frozen", async () => {
    const clock = new Clock();
    const there = await server();
    const [a] = tabs(there, 1);
    await a.news.ready;
    const { environment } = browser.tab();
    const b = client({ ...environment, ...clock.environment }).open({ node: there.node });
    await b.ready;
    assert.equal(b.isMaster(), false);
    a.tab.frozen = true;
    for (let n = 0; n < 4; n++) {
      clock.advance(15_000);
      await pause(5);
    }
    await until(() => b.isMaster() && b.state === "online");
    a.tab.frozen = false;
    await until(() => !a.comet.isMaster());
  });

  it("keep to themselves if they are asked to, or signed in as somebody else", async () => {
    const there = await server();
    await tabs(there, 1)[0].news.ready;
    await tabs(there, 1, { shareTabs: false })[0].news.ready;
    await tabs(there, 1, { userId: 7, key: "key" })[0].news.ready;
    assert.equal(there.clients.length, 3);
  });
});
