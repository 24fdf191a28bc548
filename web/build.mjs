// build.mjs -- bundles src/report into report.js and report.css, whole and minified, in $LEAT_WEB_OUT (default dist/).
//
// The page that embeds them allows exactly these bytes by hash, so nothing may need eval or a second file.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const out = process.env.LEAT_WEB_OUT || "dist";

await build({
  entryPoints: { report: "src/report/main.ts" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2020"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
await build({
  entryPoints: { report: "src/report/report.css" },
  outdir: out,
  bundle: true,
  minify: true,
  charset: "utf8",
  logLevel: "warning",
});

// What would end or confuse an inline element of the page must not be in there.
for (const [file, bad] of [["report.js", /<\/script|<!--/i], ["report.css", /<\/style/i]]) {
  const text = await readFile(join(out, file), "utf8");
  const at = text.search(bad);
  if (at >= 0) throw new Error(`${file} cannot lie inline: '${text.slice(at, at + 40)}'`);
}
