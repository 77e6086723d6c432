// video.js, to import; comet.js comes along.
import "./comet.mjs";
import * as script from "./video.js";

const all = script.default ?? globalThis;
export const { CometVideo, CometVideoApi, cometVideoApi } = all;
