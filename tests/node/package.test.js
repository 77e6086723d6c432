/** What is packed for npm, and what the server serves. */
"use strict";

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { describe, it, after } = require("node:test");
const zlib = require("node:zlib");

const WEB = path.resolve(__dirname, "../../comet/web");
const HERE = path.join(__dirname, "node_modules");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "comet-package-"));
after(() => fs.rmSync(folder, { recursive: true }));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: "utf8" });

describe("the script that is served", () => {
  it("is what terser makes of comet.js: run `make client` after a change", async () => {
    const { minify } = require("terser");
    const { code } = await minify(fs.readFileSync(path.join(WEB, "comet.js"), "utf8"), { compress: true, mangle: true, format: { comments: false } });
    assert.equal(fs.readFileSync(path.join(WEB, "comet.min.js"), "utf8").trim(), code.trim());
  });

  it("has less than 12 KB with gzip, together with the module", () => {
    const sizes = ["comet.min.js", "comet.mjs"].map((name) => zlib.gzipSync(fs.readFileSync(path.join(WEB, name))).length);
    assert.ok(sizes[0] + sizes[1] < 12_000, String(sizes));
  });
});

describe("the package", () => {
  it("is installed from its archive into an empty folder, and used as ESM, CommonJS and TypeScript", () => {
    const archive = run("npm", ["pack", "--silent", "--pack-destination", folder], WEB).trim();
    fs.writeFileSync(path.join(folder, "package.json"), '{"private": true}');
    run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--silent", path.join(folder, archive)]);
    const check = "console.log(typeof connect, new CometError({reason: 'r'}).message, typeof cometApi.start)";
    fs.writeFileSync(path.join(folder, "a.mjs"), `import { connect, CometError, cometApi } from "comet-client"; ${check}`);
    fs.writeFileSync(path.join(folder, "b.cjs"), `const { connect, CometError, cometApi } = require("comet-client"); ${check}`);
    for (const file of ["a.mjs", "b.cjs"]) assert.equal(run("node", [file]).trim(), "function r function");
    fs.copyFileSync(path.join(__dirname, "types.example.ts"), path.join(folder, "example.mts"));
    fs.copyFileSync(path.join(__dirname, "types.example.ts"), path.join(folder, "example.cts"));
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.asynciterable", "--module", "nodenext"];
    run(path.join(HERE, ".bin", "tsc"), [...options, "example.mts", "example.cts"]);
  });
});
