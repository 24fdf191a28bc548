// report.mjs -- node report.mjs PROBE FIXTURES CHROMIUM: opens reports as a person would, from a file, in Chromium.
//
// What is proved: the page draws all it has, wide and narrow, light, dark and printed, without a word on the console and
// without a request; hostile names and values stay text; stages that are absent, empty or full of nulls break nothing.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [probe, fixtures, browserPath] = process.argv.slice(2);
const work = resolve("pages");
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

let passed = 0, failed = 0;
const check = (truth, what) => {
  if (truth) { passed++; return; }
  failed++;
  console.log(`not ok: ${what}`);
};

function page(folder, name) {
  const r = spawnSync(probe, ["report", folder], { maxBuffer: 64 << 20 });
  if (r.status !== 0) throw new Error(`leat-probe report ${folder}: ${r.stderr}`);
  const file = join(work, `${name}.html`);
  writeFileSync(file, r.stdout);
  check(r.stdout.length < 3 << 20, `${name} is under 3 MB: ${r.stdout.length}`);
  return file;
}

/** A copy of a fixture with every stage put through `change`. */
function variant(set, name, change) {
  const folder = join(work, name);
  cpSync(join(fixtures, set), folder, { recursive: true });
  for (const f of readdirSync(folder)) {
    const json = change(JSON.parse(readFileSync(join(folder, f), "utf8")), f.replace(/\.json$/, ""));
    if (json === undefined) rmSync(join(folder, f)); else writeFileSync(join(folder, f), JSON.stringify(json));
  }
  return page(folder, name);
}

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(file, name, options = {}) {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1280, height: 900 }, colorScheme: options.scheme ?? "light", javaScriptEnabled: options.script ?? true });
  const p = await context.newPage();
  const said = [];
  p.on("console", (m) => said.push(`${m.type()}: ${m.text()}`));
  p.on("pageerror", (e) => said.push(`error: ${e}`));
  p.on("dialog", (d) => { said.push(`dialog: ${d.message()}`); d.dismiss(); });
  p.on("request", (r) => { if (r.url() !== `file://${file}`) said.push(`request: ${r.url()}`); });
  await p.goto(`file://${file}`);
  return { p, context, quiet: (when) => check(said.length === 0, `${name} ${when} is silent: ${said.slice(0, 3).join(" | ")}`) };
}

async function readThrough(p) {
  await p.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  for (let y = 0; y < (await p.evaluate(() => document.documentElement.scrollHeight)); y += 700) {
    await p.evaluate((at) => scrollTo(0, at), y);
    await p.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10))));
  }
}

const unDrawn = (p) => p.evaluate(() => [...document.querySelectorAll(".plot")].filter((e) => !e.querySelector("svg")).map((e) => e.getAttribute("aria-label")));
const broken = (p) => p.evaluate(() => document.body.innerText.match(/[^\n]*could not be drawn[^\n]*/g) ?? []);

for (const set of ["loans", "wine", "prices"]) {
  const file = page(join(fixtures, set), set);
  for (const [width, scheme] of [[1280, "light"], [390, "dark"]]) {
    const name = `${set} at ${width}`;
    const { p, context, quiet } = await open(file, name, { width, scheme });
    await readThrough(p);
    check((await unDrawn(p)).length === 0, `${name} draws every plot: ${await unDrawn(p)}`);
    check((await broken(p)).length === 0, `${name} breaks nowhere: ${await broken(p)}`);
    check((await p.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} does not scroll sideways`);
    check((await p.locator(".plot").count()) > 15, `${name} has its plots`);
    check((await p.evaluate(() => [...document.querySelectorAll(".plot")].every((e) => e.getAttribute("aria-label")))), `${name} describes every plot`);
    const ground = () => p.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await ground();
    await p.click("button.theme");
    check((await ground()) !== before, `${name} changes its colours on demand`);
    quiet("on screen");
    await context.close();
  }
  const { p, context, quiet } = await open(file, set, { scheme: "dark" });
  await p.emulateMedia({ media: "print" });
  await p.evaluate(() => dispatchEvent(new Event("beforeprint")));
  check((await unDrawn(p)).length === 0, `${set} is printed whole: ${await unDrawn(p)}`);
  check((await p.evaluate(() => getComputedStyle(document.body).backgroundColor)) === "rgb(255, 255, 255)", `${set} is printed on white`);
  quiet("in print");
  await context.close();
}

{
  const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1"><!--'"\\u003cb>\u202e`;
  const odd = ["__proto__", "constructor", "datum.x", "a.b[0]", "", "\\", "'", "toString", "%s%n"];
  const plain = new Set(["type", "role", "kind", "task", "state", "metric", "direction", "stage", "on"]);
  let i = 0;
  const poison = (v, key) => {
    if (typeof v === "string") return plain.has(key) ? v : i++ % 3 ? evil + i : odd[i % odd.length];
    if (Array.isArray(v)) return v.map((x) => poison(x, key));
    if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, k === "metric" && x?.name ? x : poison(x, k)]));
    return v;
  };
  for (const set of ["loans", "wine", "prices"]) {
    const { p, context, quiet } = await open(variant(set, `hostile-${set}`, (j) => poison(j, "")), `hostile ${set}`);
    await readThrough(p);
    check((await p.evaluate(() => window.pwned)) === undefined, `hostile ${set} runs nothing`);
    check((await p.locator("img").count()) === 0, `hostile ${set} makes no elements`);
    check((await p.evaluate(() => document.body.innerText)).includes("<img src=x"), `hostile ${set} is shown as it is`);
    check((await unDrawn(p)).length === 0, `hostile ${set} draws every plot`);
    check((await broken(p)).length === 0, `hostile ${set} breaks nowhere: ${await broken(p)}`);
    quiet("read through");
    await context.close();
  }
}

{
  const nulls = (v) => Object.fromEntries(Object.keys(v).map((k) => [k, null]));
  const lists = (v) => Object.fromEntries(Object.entries(v).map(([k, x]) => [k, Array.isArray(x) ? [] : x]));
  const cases = {
    nothing: () => ({}), nulls, "empty-lists": lists,
    "no-stages": (j, f) => (f === "overview" ? j : undefined),
    "visualize-alone": (j, f) => (f === "visualize" ? j : undefined),
    "cut-short": (j, f) => (["visualize", "preprocess", "overview"].includes(f) ? j : undefined),
  };
  for (const [name, change] of Object.entries(cases)) {
    const { p, context, quiet } = await open(variant("loans", name, change), name);
    await readThrough(p);
    check((await broken(p)).length === 0, `${name} breaks nowhere: ${await broken(p)}`);
    check((await unDrawn(p)).length === 0, `${name} draws what it has`);
    quiet("read through");
    if (name === "visualize-alone") check((await p.locator("#leaderboard").count()) === 0, "a page of one stage has only its sections");
    if (name === "cut-short") check((await p.locator("#tuning .absent").count()) > 0, "a run cut short says what is missing");
    await context.close();
  }
}

{
  const { p, context } = await open(join(work, "loans.html"), "without a script", { script: false });
  const text = await p.evaluate(() => document.querySelector("noscript")?.textContent ?? document.body.innerText);
  check(text.includes("lightgbm") && text.includes("auc on rows held out"), "without a script the main results are there");
  await context.close();
}

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
