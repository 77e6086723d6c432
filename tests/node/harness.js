/** What the tests of the browser client share. COMET_JS names another file to test, such as the one that is served. */
"use strict";

const { afterEach } = require("node:test");
const WebSocket = require("ws");
const { startServer } = require("./server.js");
const Comet = require(process.env.COMET_JS ?? "../../comet/web/comet.js");

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

/** A client of the modern face, closed at the end, with its states on record; not opened yet. */
function client(environment = {}) {
  const made = new Comet.Client({ WebSocket, random: () => 0, memory: {}, location: undefined, ...environment });
  made.states = [];
  made.onState((detail) => made.states.push(detail));
  cleanups.push(() => made.close());
  return made;
}

/** The same of the familiar face, with its complaints on record. */
function api(environment = {}) {
  const complaints = [];
  const console = { warn: (text) => complaints.push(text), error: (error) => complaints.push(error), log() {} };
  const made = new Comet.CometApi({ WebSocket, random: () => 0, memory: {}, location: undefined, console, ...environment });
  const statuses = [];
  made.onStatus((status, detail) => statuses.push({ status, ...detail }));
  cleanups.push(() => made.stop());
  return Object.assign(made, { complaints, statuses });
}

/** Do something after the test, before what was there earlier ends. */
const atEnd = (cleanup) => cleanups.push(cleanup);

module.exports = { ...Comet, UUID, WebSocket, api, atEnd, client, server };
