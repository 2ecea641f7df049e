// Drives Firefox for pytest, by WebDriver BiDi: a JSON command a line on stdin, an answer a line on
// stdout. A command is {"tab": n, "call": method of puppeteer's page, "with": [arguments]}; the calls
// "open" and "said" make a tab, and tell what its page said in the console and threw.
//   node drive.mjs FIREFOX
import { createInterface } from "node:readline";

import puppeteer from "puppeteer-core";

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.argv[2],
  headless: true,
  extraPrefsFirefox: { "network.dns.disableIPv6": true },
});
const tabs = [];
const said = [];

async function open() {
  const tab = await browser.newPage();
  const number = tabs.push(tab) - 1;
  said[number] = [];
  tab.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) said[number].push(message.text());
  });
  tab.on("pageerror", (error) => said[number].push(String(error)));
  return number;
}

async function answer({ tab, call, with: given = [] }) {
  if (call === "open") return open();
  if (call === "said") return said[tab];
  if (call === "close") return tabs[tab].close({ runBeforeUnload: true });
  const result = await tabs[tab][call](...given);
  // Handles and answers of the network are no JSON, and no test asks for them.
  return typeof result === "object" && result?.constructor !== Object ? null : result;
}

console.log(JSON.stringify({ value: await browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = { value: (await answer(JSON.parse(line))) ?? null };
  } catch (error) {
    told = { error: String(error) };
  }
  console.log(JSON.stringify(told));
}
await browser.close();
