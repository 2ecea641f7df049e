// Builds what browsers load: FOLDER/rum.js, FOLDER/rum-replay.js, FOLDER/rum-stub.js and FOLDER/NOTICE.
//   node rum/script/build.mjs FOLDER [--search SECONDS]      seeks a packing of rum.js that is smaller: see pack.mjs
// The same sources and lock file give the same bytes anywhere; a test holds the committed ones to it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build, transform } from "esbuild";

import { smaller } from "./smaller.mjs";
import { trimRrweb } from "./trim_rrweb.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const [folder, search, search_s] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node rum/script/build.mjs FOLDER [--search SECONDS]");
  process.exit(2);
}

/** The packages whose code is in a bundle, by the metafile esbuild writes of it. */
function packagesOf(metafile) {
  const names = Object.keys(metafile.inputs)
    .map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name);
  return [...new Set(names)].sort();
}

async function noticeOf(name) {
  const place = join(root, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(place, "package.json"), "utf8"));
  // rrweb's packages come without their licence; it stands in its repository.
  const own = name.startsWith("@rrweb/") ? join(here, "licences", "rrweb") : join(place, "LICENSE");
  const text = await readFile(own, "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

/** Bundles one file, and tells of its size and of whose code is in it. */
async function bundle(name, entry, banner, more, last = (text) => `{${text.trim()}}`) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [relative(root, join(here, entry))],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    tsconfigRaw: "{}", // no "use strict", which means nothing within the try
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
    ...more,
  });
  const code = await last(result.outputFiles[0].text);
  // What a browser or a page lacks so badly that we cannot even begin is nobody's error but ours.
  const contents = Buffer.from(`${banner}try${code}catch{}\n`);
  await writeFile(join(folder, name), contents);
  const size = gzipSync(contents, { level: 9 }).length;
  // Node's zlib finds other repeats than gzip, which the test asks: up to 60 bytes less.
  console.log(`${name}: ${contents.length} bytes, ${size} after gzip -9 of Node's`);
  const notices = await Promise.all(packagesOf(result.metafile).map(noticeOf));
  if (!notices[0]) return [`${name} contains no software of others.\n`];
  return [`${name} contains the following software, under the following licences.\n`, ...notices];
}

// The stub stands in pages as it is: for any browser, and without a line's end.
const stub = await transform(await readFile(join(here, "stub.ts")), {
  loader: "ts",
  minify: true,
  target: "es2015",
  tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
});

await mkdir(folder, { recursive: true });
await writeFile(join(folder, "rum-stub.js"), stub.code.trim());
const notices = [
  // Chromium compiles all of it off the main thread while it comes in, not each function when first called.
  await bundle("rum.js", "main.ts", "//# allFunctionsCalledOnLoad\n", { minify: false, minifySyntax: true }, (text) =>
    smaller(text, search === "--search" ? +search_s : 0),
  ),
  await bundle("rum-replay.js", "replay/main.ts", "/* Vigie rum-replay.js; with parts of @rrweb/record, MIT: see NOTICE */", {
    drop: ["console"],
    plugins: [trimRrweb(join(here, "replay", "stylesheets.ts"))],
  }),
];
await writeFile(join(folder, "NOTICE"), notices.flat().join("\n"));
