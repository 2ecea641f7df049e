// Takes plotly into FOLDER: plotly-basic.min.js.gz, as npm has it but packed once and for all, and
// plotly.css, the rules that plotly would otherwise write into the page against its policy.
//   node vigie/console/build.mjs FOLDER
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
