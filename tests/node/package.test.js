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

describe("a script that is served", () => {
  for (const [name, limit] of [["comet", 12_000], ["video", 12_500]]) {
    it(`is what terser makes of ${name}.js: run \`make client\` after a change`, async () => {
      const { minify } = require("terser");
      const { code } = await minify(fs.readFileSync(path.join(WEB, `${name}.js`), "utf8"), { compress: true, mangle: true, format: { comments: false } });
      assert.equal(fs.readFileSync(path.join(WEB, `${name}.min.js`), "utf8").trim(), code.trim());
    });

    it(`has less than ${limit} bytes with gzip, together with the module (${name})`, () => {
      const sizes = [`${name}.min.js`, `${name}.mjs`].map((file) => zlib.gzipSync(fs.readFileSync(path.join(WEB, file))).length);
      assert.ok(sizes[0] + sizes[1] < limit, String(sizes));
    });
  }
});

describe("the package", () => {
  it("is installed from its archive into an empty folder, and used as ESM, CommonJS and TypeScript", () => {
    const archive = run("npm", ["pack", "--silent", "--pack-destination", folder], WEB).trim();
    fs.writeFileSync(path.join(folder, "package.json"), '{"private": true}');
    run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--silent", path.join(folder, archive)]);
    const check = "console.log(typeof connect, new CometError({reason: 'r'}).message, typeof cometApi.start, new CometVideo().client === cometApi.client)";
    const names = "{ connect, CometError, cometApi }";
    fs.writeFileSync(path.join(folder, "a.mjs"), `import ${names} from "comet-client"; import { CometVideo } from "comet-client/video"; ${check}`);
    fs.writeFileSync(path.join(folder, "b.cjs"), `const ${names} = require("comet-client"); const { CometVideo } = require("comet-client/video"); ${check}`);
    for (const file of ["a.mjs", "b.cjs"]) assert.equal(run("node", [file]).trim(), "function r function true");
    for (const name of ["types.example", "video.example"]) {
      for (const kind of ["mts", "cts"]) fs.copyFileSync(path.join(__dirname, `${name}.ts`), path.join(folder, `${name}.${kind}`));
    }
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.asynciterable", "--module", "nodenext"];
    run(path.join(HERE, ".bin", "tsc"), [...options, ...fs.readdirSync(folder).filter((name) => /\.[cm]ts$/.test(name))]);
  });
});
