/**
 * Visitors with the browser client, each from an address of its own; what each hears is told on standard output.
 *
 * crowd.js '{"node": "127.0.0.1:443", "channel": "news", "visitors": [{"from": "127.0.0.2", "transports": ["sse"], ...}]}'
 *
 * The other keys of a visitor are options of the client. A line is `{"visitor": n, ...}` with `data`, `gap` or a state.
 */
"use strict";

const https = require("node:https");
const { Readable } = require("node:stream");
const WebSocket = require("ws");
const Comet = require("../../comet/web/comet.js");

/** As fetch is, but that it can be told where to come from; a browser keeps its connections, too. */
function fetchFrom(localAddress) {
  const agent = new https.Agent({ keepAlive: true, localAddress, rejectUnauthorized: false });
  return (url, { method = "GET", headers = {}, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = https.request(url, { agent, method, headers, signal }, (answer) =>
        resolve(new Response(Readable.toWeb(answer), { status: answer.statusCode })),
      );
      request.on("error", reject).end(body);
    });
}

function webSocketFrom(localAddress) {
  return class extends WebSocket {
    constructor(address) {
      super(address, { localAddress, rejectUnauthorized: false });
    }
  };
}

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { node, channel, visitors } = JSON.parse(process.argv[2]);

visitors.forEach(({ from, ...options }, visitor) => {
  const environment = { WebSocket: webSocketFrom(from), fetch: fetchFrom(from), memory: {}, location: undefined };
  const client = new Comet.Client(environment);
  client.onState((detail) => tell({ visitor, at: Date.now(), ...detail }));
  client.open({ node, tls: true, shareTabs: false, ...options });
  const subscription = client.subscribe(channel, ({ data }) => tell({ visitor, data }));
  subscription.onGap((gap) => tell({ visitor, gap }));
  subscription.ready.then(() => tell({ visitor, ready: true }));
});
