// Makes what the console's pages load, in FOLDER: replay-player.js and replay-player.css, which play
// recordings, from replay_player.mjs and rrweb-player; and takes plotly there: plotly-basic.min.js.gz, as npm has it but packed once and for all, and
// plotly.css, the rules that plotly would otherwise write into the page against its policy.
//   node vigie/console/build.mjs FOLDER
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { gunzipSync, gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const folder = process.argv[2];
if (!folder) {
  console.error("usage: node vigie/console/build.mjs FOLDER");
  process.exit(2);
}
const place = join(root, "node_modules", "plotly.js-basic-dist-min");
const bundle = await readFile(join(place, "plotly-basic.min.js"));
const licence = await readFile(join(place, "LICENSE"), "utf8");
const { version } = JSON.parse(await readFile(join(place, "package.json"), "utf8"));

/** The rules of plotly's own build/plotcss.js, where X and Y stand for its containers. */
function rulesOf(source) {
  const literal = /\{"X,X div":.*?\}(?=[;,])/s.exec(source)?.[0];
  if (!literal) throw new Error(`plotly ${version} keeps its style rules elsewhere: see rulesOf`);
  return Object.entries(runInNewContext(`(${literal})`)).map(
    ([selector, rule]) =>
      `${selector.replace(/X/g, ".js-plotly-plot .plotly").replace(/Y/g, ".plotly-notifier")} {${rule}}`,
  );
}

/** What rrweb-player is made of; rrweb and svelte ship no licence file of their own in it. */
async function notice(made) {
  const texts = ["mitt", "postcss", "fflate"].map(async (name) => {
    const text = await readFile(join(root, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  });
  return [
    `replay-player.js contains rrweb-player ${made} and with it the following software.\n`,
    "rrweb: MIT licence, Copyright (c) 2018 Contributors to rrweb and SmartX Inc.",
    "svelte: MIT licence, Copyright (c) 2016-2024 the Svelte contributors.",
    "Both under the terms that stand below for mitt.\n",
    ...(await Promise.all(texts)),
  ].join("\n");
}

/** The player in one script that may stand within a page, with its licences, and its styles. */
async function player() {
  const from = join(root, "node_modules", "rrweb-player");
  const { version: made } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  const built = await build({
    entryPoints: [join(root, "vigie", "console", "replay_player.mjs")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
    write: false,
    banner: { js: `/* With rrweb-player ${made} and what it is made of: MIT licence, see replay-player.NOTICE. */` },
  });
  const script = built.outputFiles[0].text;
  if (/<\/script/i.test(script)) throw new Error("the player would end the page's script element");
  await writeFile(join(folder, "replay-player.js"), script);
  await writeFile(join(folder, "replay-player.NOTICE"), await notice(made));
  const styles = await readFile(join(from, "dist", "style.min.css"), "utf8");
  await writeFile(join(folder, "replay-player.css"), styles.replace(/\/\*# sourceMappingURL=.*?\*\//s, ""));
  console.log(`replay-player.js: ${script.length} bytes`);
}

async function packed(path) {
  try {
    return gunzipSync(await readFile(path));
  } catch {
    return Buffer.alloc(0);
  }
}

await mkdir(folder, { recursive: true });
const target = join(folder, "plotly-basic.min.js.gz");
// zlib's bytes differ between versions of Node: a file with the same content stays as it is.
if (!bundle.equals(await packed(target))) await writeFile(target, gzipSync(bundle, { level: 9 }));
await writeFile(
  join(folder, "plotly.css"),
  [`/*\nThe style rules of plotly.js ${version}. It and plotly-basic.min.js are under this licence:\n`, licence.trim(), "*/", ...rulesOf(bundle.toString("utf8")), ""].join("\n"),
);
console.log(`plotly ${version}: ${bundle.length} bytes, packed once`);
await player();
