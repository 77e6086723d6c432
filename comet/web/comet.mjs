// The same as comet.js, to import. Node and bundlers give what that file exports; a browser runs it as a script.
import * as script from "./comet.js";

const all = script.default ?? globalThis.Comet;
export const { connect, Client, CometError, CometApi, cometServerApi, cometApi, CometServer } = all;
export default all;
