// data.ts -- the data as it came: each variable, alone and against the target.

import type { Column, Report, Visualize } from "../../stages";
import { clip, count, date, num, percent } from "../../format";
import * as plot from "../../plots/variables";
import { absent, add, b, figure, figures, h, more, p, table, type Child } from "../dom";
import type { Section } from "./index";

const CARDS_FIRST = 24;

export function against(v: Visualize): plot.Against | null {
  if (!v.target || !v.task) return null;
  const classes = v.classes ?? [];
  const at = v.positive != null ? classes.indexOf(v.positive) : -1;
  return { task: v.task, classes, target: v.target, positive: at >= 0 ? at : classes.length - 1 };
}

const KINDS: Record<string, string> = {
  auc: "AUC", cramers_v: "Cramér’s V", spearman: "Spearman", eta: "correlation ratio",
};

function strengthText(c: Column): string {
  const a = c.association;
  if (!a || a.value == null) return "–";
  return `${num(a.value, 3)} ${KINDS[a.kind] ?? a.kind}`;
}

export const data: Section = {
  id: "data",
  title: "Data",
  needs: ["visualize"],
  body(r: Report) {
    const v = r.stages.visualize;
    if (!v) return [absent("The data was not described: this stage did not run.")];
    const columns = v.column ?? [];
    const ranked = columns.filter((c) => c.role === "feature" && c.association?.strength != null)
      .sort((x, y) => (y.association!.strength! - x.association!.strength!)).slice(0, 20);
    const td = v.target_distribution;
    return [
      p(sentence(v)),
      warnings(v),
      figures(
        figure(td ? plot.target(td.levels, td.bins, v.target ?? "") : null, `The target: ${clip(v.target ?? "", 40)}`,
          td?.levels?.length ? "Rows a class. A class with few rows is harder to learn and its scores are less certain." : "How often each value occurs. A long tail pulls squared-error scores: a few large values may decide them."),
        ranked.length ? figure(plot.association(ranked.map((c) => ({ name: c.name, strength: c.association!.strength!, text: strengthText(c) }))),
          "What goes with the target, one variable at a time",
          "0: knowing this variable alone says nothing about the target; 1: it says all. Anything close to 1 deserves suspicion: is it known at the time of prediction? A weak variable may still matter together with others.") : null,
      ),
      v.correlation && v.correlation.names.length > 1
        ? figure(plot.correlation(v.correlation.names, v.correlation.matrix), "Variables that move together",
          "Pearson correlation of each pair of numeric variables: 1 rise and fall together, −1 one rises as the other falls, 0 no straight-line relation. Pairs near ±1 carry the same information, and importance is then split between them.", "wide")
        : null,
      more("Table of statistics", false, statistics(columns)),
    ];
  },
};

function sentence(v: Visualize): Child[] {
  const types = new Map<string, number>();
  for (const c of v.column ?? []) types.set(c.type, (types.get(c.type) ?? 0) + 1);
  const kinds = [...types.entries()].sort((a, c) => c[1] - a[1]).map(([t, n]) => `${n} ${t}`).join(", ");
  const out: Child[] = [b(count(v.rows)), " rows, ", b(count(v.columns)), " columns", kinds ? ` (${kinds})` : "", "; ", b(percent(v.missing_share)), " of the cells are missing"];
  if (v.duplicates) out.push("; ", b(count(v.duplicates)), v.duplicates === 1 ? " row repeats another exactly" : " rows repeat others exactly");
  out.push(".");
  if (v.rows_used != null && v.rows_used < v.rows) out.push(` Counts of missing values, means and ranges are of all rows; the rest, plots included, of a random ${count(v.rows_used)}.`);
  return out;
}

function warnings(v: Visualize): HTMLElement | null {
  const list = v.warnings ?? [];
  if (list.length === 0) return null;
  return more(list.length === 1 ? "1 warning about the data" : `${list.length} warnings about the data`, false,
    h("ul", { class: "tagged" }, list.map((w) => h("li", null, h("span", { class: "tag" }, w.kind), " ", w.text))));
}

function statistics(columns: Column[]): HTMLElement {
  const cell = (c: Column, x: number | null | undefined): string =>
    c.type === "datetime" && x != null ? date(x, (c.max ?? 0) - (c.min ?? 0)) : num(x);
  return table(["Column", "Type", "#Missing", "#Distinct", "#Mean", "#SD", "#Min", "#Q1", "#Median", "#Q3", "#Max", "Most frequent"],
    columns.map((c) => [
      clip(c.name, 60), c.type + (c.role === "feature" ? "" : ` (${c.role})`), c.missing ? percent(c.missing / Math.max(1, c.missing + c.count)) : "0", count(c.distinct),
      cell(c, c.mean), c.type === "datetime" ? "–" : num(c.sd), cell(c, c.min), cell(c, c.q1), cell(c, c.median), cell(c, c.q3), cell(c, c.max),
      (c.top ?? []).slice(0, 3).map((t) => `${clip(t.value, 24)} (${count(t.count)})`).join(", "),
    ]), { caption: "Statistics of every column" });
}

export const variables: Section = {
  id: "variables",
  title: "Every variable against the target",
  needs: ["visualize"],
  body(r) {
    const v = r.stages.visualize;
    if (!v?.column) return [absent("The variables were not described: this stage did not run.")];
    const a = against(v);
    const list = v.column.filter((c) => c.role !== "target" && ((c.bins?.length ?? 0) > 0 || (c.top?.length ?? 0) > 0));
    const strength = (c: Column): number => c.association?.strength ?? -1;
    list.sort((x, y) => strength(y) - strength(x));
    const grid = h("div", { class: "cards" }, list.slice(0, CARDS_FIRST).map((c) => card(c, a)));
    const out: (HTMLElement | null)[] = [p(reading(a)), legend(a), grid];
    if (list.length > CARDS_FIRST) {
      const rest = h("div", { class: "cards" });
      const box = more(`${list.length - CARDS_FIRST} more variables`, false, rest);
      let filled = false;
      const fill = (): void => { if (!filled) { filled = true; add(rest, list.slice(CARDS_FIRST).map((c) => card(c, a))); } };
      box.addEventListener("toggle", fill);
      addEventListener("beforeprint", fill, { capture: true });
      out.push(box);
    }
    const plain = v.column.filter((c) => c.role !== "target" && !list.includes(c));
    if (plain.length) {
      out.push(p(`Not drawn, because there is nothing to draw or there are too many: ${plain.slice(0, 40).map((c) => clip(c.name, 30)).join(", ")}${plain.length > 40 ? ` and ${plain.length - 40} more` : ""}.`));
    }
    return out;
  },
};

function reading(a: plot.Against | null): Child {
  if (!a) return "Grey bars count rows.";
  const order = " Variables that go most strongly with the target come first.";
  if (a.task === "binary") return ["Grey bars count rows (left scale). The line is the share of rows with ", b(`${a.target} = ${a.classes[a.positive] ?? ""}`), " (right scale): where it rises or falls, the variable tells something; where it is flat, it does not. Where there are too few rows to say, there is no line.", order];
  if (a.task === "regression") return ["Grey bars count rows (left scale). The line is the mean of ", b(a.target), " (right scale): where it rises or falls, the variable tells something; where it is flat, it does not. Where there are too few rows to say, there is no line.", order];
  return ["Bars count rows, coloured by class of ", b(a.target), ": where the mixture of colours changes, the variable tells something.", order];
}

function legend(a: plot.Against | null): HTMLElement | null {
  if (a?.task !== "multiclass") return null;
  return h("ul", { class: "legend" }, a.classes.map((c, i) => h("li", null, h("span", { class: `key key-${i % 10}` }), clip(c, 40))));
}

function card(c: Column, a: plot.Against | null): HTMLElement {
  const stats: string[] = [c.type];
  if (c.role === "excluded") stats.push("excluded");
  if (c.missing) stats.push(`${percent(c.missing / Math.max(1, c.count + c.missing))} missing`);
  const beyond = (c.below ?? 0) + (c.above ?? 0);
  if (beyond) stats.push(`${count(beyond)} rows far outside, not drawn`);
  if (c.bins?.length && c.type !== "datetime") stats.push(`median ${num(c.median)}`);
  else if (c.distinct != null) stats.push(`${count(c.distinct)} distinct`);
  return h("figure", { class: "card" },
    h("h4", null, h("span", { class: "name", title: c.name }, clip(c.name, 60)), h("span", { class: "strength" }, c.association?.value != null ? strengthText(c) : "")),
    figure(plot.variable(c, a), null, null),
    h("figcaption", null, stats.join(" · ")));
}
