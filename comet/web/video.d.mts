export * from "./video.js";
