// comet.js to import: exports in Node, a script in a browser.
import * as script from "./comet.js";

const all = script.default ?? globalThis.Comet;
export const { connect, Client, CometError, CometApi, cometServerApi, cometApi, CometServer, TabSignal, tabSignal, comet_server_signal } = all;
export default all;
