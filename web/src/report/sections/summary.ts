// summary.ts -- what came out, how sure that is, and what to beware of.

import type { Report } from "../../stages";
import { count, metric, num, percent, score, seconds } from "../../format";
import { b, h, p, type Child } from "../dom";
import type { Section } from "./index";

function big(label: string, value: Child, note?: Child): HTMLElement {
  return h("div", { class: "stat" }, h("dt", null, label), h("dd", null, value, note && h("span", { class: "note" }, note)));
}

export function warningTexts(r: Report): string[] {
  const out: string[] = [];
  for (const w of r.overview.warnings ?? []) if (!out.includes(w)) out.push(w);
  /* A run has been told the grave ones already; the others are listed under "Data". */
  if (r.overview.warnings) return out;
  for (const w of r.stages.visualize?.warnings ?? []) if (!out.includes(w.text)) out.push(w.text);
  return out;
}

export const summary: Section = {
  id: "summary",
  title: "Summary",
  body(r) {
    const o = r.overview, v = r.stages.visualize, m = o.metric;
    const stats: HTMLElement[] = [];
    const words = metric(m?.name);
    if (m?.value != null) {
      stats.push(big(`${words.label}, rows held out`, score(m.value, m.se), m.se ? `± ${num(m.se, 2)}` : null));
    }
    const onTest = m?.name ? o.test?.[m.name] : null;
    if (onTest != null) stats.push(big(`${words.label}, test rows`, score(onTest, m?.se)));
    const rows = o.rows ?? v?.rows, columns = o.columns ?? v?.columns;
    if (rows != null) stats.push(big("data", count(rows), columns != null ? `rows × ${count(columns)} columns` : "rows"));
    if (o.wall_s != null) stats.push(big("time", seconds(o.wall_s)));
    const warnings = warningTexts(r);
    return [
      stats.length ? h("dl", { class: "stats" }, stats) : null,
      m?.value != null ? p(sentence(r)) : null,
      warnings.length
        ? h("div", { class: "warnings", role: "note" }, h("h3", null, warnings.length === 1 ? "One thing to look at first" : `${warnings.length} things to look at first`),
          h("ul", null, warnings.slice(0, 12).map((w) => h("li", null, w))),
          warnings.length > 12 ? p(`… and ${warnings.length - 12} more, listed under “Data”.`) : null)
        : v ? p("Nothing suspicious was found in the data.") : null,
      facts(r),
    ];
  },
};

function sentence(r: Report): Child[] {
  const o = r.overview, m = o.metric!, words = metric(m.name);
  if (o.task === "anomaly" && m.value == null) return ["The build looks for rows unlike the others. There were no labels to judge it by."];
  const task = o.task === "anomaly" ? "looks for anomalies; they are judged by" : o.task === "regression" ? "predicts the number" : o.task ? "predicts the class of" : "predicts";
  const out: Child[] = [
    "The build ", task, o.target ? [" ", b(o.target)] : " the target", ". On rows that were held out while it learned, its ", b(words.label), " is ",
    b(score(m.value, m.se)), m.se ? ` (standard error ${num(m.se, 2)}: on other data of this kind expect about ${score(m.value! - 2 * m.se, m.se)} to ${score(m.value! + 2 * m.se, m.se)})` : "", ". ",
    `The ${words.label} is ${words.says}; `, [words.perfect, words.guess].filter(Boolean).join(", "), ".",
  ];
  const t = o.test?.[m.name];
  if (t != null && m.se) {
    const off = Math.abs(t - m.value!) / m.se;
    out.push(off <= 2.5 ? " The score on the separate test rows agrees with it." : " The score on the separate test rows lies further off than chance explains: the two sets may differ in kind.");
  }
  return out;
}

function facts(r: Report): HTMLElement | null {
  const o = r.overview, v = r.stages.visualize;
  const list: [string, Child][] = r.facts.map((f) => [f.name, f.name === "digest" ? h("code", { class: "digest" }, f.value) : f.value]);
  const have = new Set(r.facts.map((f) => f.name.toLowerCase()));
  const put = (name: string, value: Child): void => { if (value != null && value !== "" && !have.has(name)) list.push([name, value]); };
  put("build", o.build);
  put("digest", o.digest ? h("code", { class: "digest" }, o.digest) : null);
  put("data", o.data);
  put("target", o.target ?? v?.target);
  put("task", o.task ?? v?.task);
  put("missing cells", v?.missing_share != null ? percent(v.missing_share) : null);
  if (list.length === 0) return null;
  return h("dl", { class: "facts" }, list.flatMap(([k, x]) => [h("div", null, h("dt", null, k), h("dd", null, x))]));
}
