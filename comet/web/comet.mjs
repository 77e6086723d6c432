// comet.js, to import: Node and bundlers give its exports, a browser runs it as a script.
import * as script from "./comet.js";

const all = script.default ?? globalThis.Comet;
export const { connect, Client, CometError, CometApi, cometServerApi, cometApi, CometServer, TabSignal, tabSignal, comet_server_signal } = all;
export default all;
