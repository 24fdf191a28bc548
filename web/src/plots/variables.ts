// variables.ts -- one variable against the target, and the target itself.

import type { Bin, Column, Level } from "../stages";
import { clip, date, num, percent } from "../format";
import { single, type Plot, type Row, type Spec } from "./plot";
import type { Theme } from "./theme";

export interface Against {
  task: string | null;
  classes: string[];
  target: string;
  /** Index in `classes` of the class whose share the line shows (binary). */
  positive: number;
}

const HEIGHT = 132;

function answer(b: { mean?: number | null; share?: (number | null)[] }, a: Against): number | null {
  if (a.task === "regression") return b.mean ?? null;
  if (a.task === "binary") return b.share?.[a.positive] ?? null;
  return null;
}

/** Bars of counts; a line of the target's mean or of the positive class's share; stacked bars for many classes. */
export function variable(c: Column, a: Against | null): Plot | null {
  const numeric = !!c.bins && c.bins.length > 0;
  const levels = levelsOf(c);
  if (!numeric && levels.length === 0) return null;
  const parts: (Bin | Level)[] = numeric ? c.bins! : levels;
  const many = a?.task === "multiclass";
  return {
    height: HEIGHT + 40,
    label: describe(c, a, parts),
    spec: (t, w) => (many ? stacked(c, a!, parts, numeric, t, w) : layered(c, a, parts, numeric, t, w)),
  };
}

function levelsOf(c: Column): Level[] {
  const out: Level[] = (c.top ?? []).slice(0, 12).map((l) => ({ ...l }));
  if (c.other && c.other.count > 0) out.push({ ...c.other, value: c.other.value || "all others" });
  if (c.absent && c.absent.count > 0) out.push({ ...c.absent, value: "missing" });
  return out;
}

function describe(c: Column, a: Against | null, parts: (Bin | Level)[]): string {
  const what = c.bins?.length ? `Histogram of ${c.name}` : `Counts of the values of ${c.name}`;
  if (!a || a.task === "multiclass") return what;
  const known = parts.map((p) => answer(p, a)).filter((v): v is number => v != null);
  if (known.length === 0) return what;
  const lo = Math.min(...known), hi = Math.max(...known);
  return a.task === "binary"
    ? `${what}; the share of ${a.target} = ${a.classes[a.positive] ?? ""} goes from ${percent(lo)} to ${percent(hi)}`
    : `${what}; mean ${a.target} goes from ${num(lo)} to ${num(hi)}`;
}

function xOf(c: Column, numeric: boolean): { rows: (p: Bin | Level, i: number) => Row; bar: Row; mid: Row } {
  const when = c.type === "datetime";
  if (!numeric) {
    const x = {
      field: "value", type: "nominal", sort: null, title: null,
      axis: { labelAngle: 0, labelLimit: 64, labelOverlap: "greedy", ticks: false },
      scale: { paddingInner: 0.18 },
    };
    return { rows: (p, i) => ({ value: clip((p as Level).value, 40) || `(empty ${i})` }), bar: { x }, mid: { x } };
  }
  const axis = when
    ? { title: null, tickCount: 4, grid: false, format: "%Y-%m-%d", labelOverlap: "greedy" }
    : { title: null, tickCount: 5, grid: false, format: "~s" };
  const type = when ? "temporal" : "quantitative";
  const scale = { zero: false, nice: false };
  return {
    rows: (p) => {
      const b = p as Bin, k = when ? 1000 : 1;
      return { lo: b.lo * k, hi: b.hi * k, mid: ((b.lo + b.hi) / 2) * k };
    },
    bar: { x: { field: "lo", type, axis, scale, ...(when ? {} : { bin: "binned" }) }, x2: { field: "hi" } },
    mid: { x: { field: "mid", type, axis, scale } },
  };
}

function partName(p: Bin | Level, c: Column): string {
  if ("value" in p) return clip(p.value, 60);
  return c.type === "datetime" ? `${date(p.lo)} to ${date(p.hi)}` : `${num(p.lo)} to ${num(p.hi)}`;
}

function layered(c: Column, a: Against | null, parts: (Bin | Level)[], numeric: boolean, t: Theme, w: number): Spec {
  const x = xOf(c, numeric);
  const rows = parts.map((p, i) => {
    const y = a ? answer(p, a) : null;
    const tip = `${partName(p, c)}: ${num(p.count)} rows` +
      (y == null ? "" : a!.task === "binary" ? `, ${percent(y)} ${a!.classes[a!.positive] ?? ""}` : `, mean ${num(y)}`);
    return { ...x.rows(p, i), count: p.count, y, tip };
  });
  const bars = {
    mark: { type: "bar", color: t.bar, ...(numeric ? { binSpacing: 1 } : {}) },
    encoding: {
      ...x.bar,
      y: { field: "count", type: "quantitative", axis: { title: null, tickCount: 3, format: "~s" } },
      tooltip: { field: "tip" },
    },
  };
  const layer: Row[] = [bars];
  if (a && rows.some((r) => r.y != null)) {
    const y = {
      field: "y", type: "quantitative", scale: { zero: a.task === "binary", nice: true },
      axis: {
        title: null, orient: "right", grid: false, tickCount: 3, labelColor: t.accent,
        format: a.task === "binary" ? ".0%" : "~s",
      },
    };
    const shown = { filter: "isValid(datum.y)" };
    if (numeric) layer.push({ transform: [shown], mark: { type: "line", color: t.accent, strokeWidth: 2 }, encoding: { ...x.mid, y } });
    layer.push({
      transform: [shown],
      mark: { type: "point", color: t.accent, filled: true, size: numeric ? 18 : 46, opacity: 1 },
      encoding: { ...x.mid, y, tooltip: { field: "tip" } },
    });
  }
  return single(rows, w, HEIGHT, { layer, resolve: { scale: { y: "independent" } } });
}

function stacked(c: Column, a: Against, parts: (Bin | Level)[], numeric: boolean, t: Theme, w: number): Spec {
  const x = xOf(c, numeric);
  const rows: Row[] = [];
  parts.forEach((p, i) => {
    (p.share ?? []).forEach((s, k) => {
      if (s == null) return;
      const name = a.classes[k] ?? String(k);
      rows.push({ ...x.rows(p, i), n: s * p.count, k, name: clip(name, 30), tip: `${partName(p, c)}: ${percent(s)} ${name}` });
    });
    if (!p.share) rows.push({ ...x.rows(p, i), n: p.count, k: 0, name: "", tip: `${partName(p, c)}: ${num(p.count)}` });
  });
  return single(rows, w, HEIGHT, {
    mark: { type: "bar", ...(numeric ? { binSpacing: 1 } : {}) },
    encoding: {
      ...x.bar,
      y: { field: "n", type: "quantitative", stack: "zero", axis: { title: null, tickCount: 3, format: "~s" } },
      color: {
        field: "name", type: "nominal", legend: null,
        scale: { domain: a.classes.map((k) => clip(k, 30)), range: classRange(t, a.classes.length) },
      },
      order: { field: "k", type: "quantitative" },
      tooltip: { field: "tip" },
    },
  });
}

export function classRange(t: Theme, n: number): string[] {
  return Array.from({ length: n }, (_, i) => t.classes[i % t.classes.length]);
}

/** How the target is spread: classes or a histogram. */
export function target(levels: Level[] | undefined, bins: Bin[] | undefined, name: string): Plot | null {
  if (levels?.length) {
    const total = levels.reduce((s, l) => s + l.count, 0) || 1;
    const rows = levels.slice(0, 20).map((l) => ({
      value: clip(l.value, 40), count: l.count, text: `${num(l.count)}  (${percent(l.count / total)})`,
    }));
    return {
      height: 26 * rows.length + 12,
      label: `Rows a class of ${name}: ${rows.map((r) => `${r.value} ${r.text}`).join("; ")}`,
      spec: (t, w) => single(rows, w, 26 * rows.length, {
        encoding: {
          y: { field: "value", type: "nominal", sort: null, title: null, axis: { labelLimit: 140, labelFontSize: 12, labelColor: t.ink, grid: false } },
          x: { field: "count", type: "quantitative", axis: null, scale: { domainMax: Math.max(...rows.map((r) => r.count)) * 1.35 } },
        },
        layer: [
          { mark: { type: "bar", color: t.accent, height: { band: 0.62 } } },
          { mark: { type: "text", align: "left", dx: 6, color: t.muted }, encoding: { text: { field: "text" } } },
        ],
      }),
    };
  }
  if (bins?.length) {
    const column: Column = { name, type: "number", role: "target", count: 0, missing: 0, bins };
    return variable(column, null);
  }
  return null;
}

/** How strongly each variable alone goes with the target. */
export function association(rows: { name: string; strength: number; text: string }[]): Plot {
  const data = rows.map((r, i) => ({ ...r, i, name: clip(r.name, 34) + "\u200b".repeat(i % 7) }));
  return {
    height: 22 * rows.length + 30,
    label: `Strength of each variable alone: ${rows.slice(0, 8).map((r) => `${r.name} ${num(r.strength, 2)}`).join(", ")}`,
    spec: (t, w) => single(data, w, 22 * rows.length, {
      encoding: {
        y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: Math.min(180, w * 0.4), labelFontSize: 12, labelColor: t.ink, grid: false } },
        x: { field: "strength", type: "quantitative", scale: { domain: [0, 1.18] }, axis: { values: [0, 0.25, 0.5, 0.75, 1], title: null, grid: true } },
        tooltip: { field: "text" },
      },
      layer: [
        { mark: { type: "rule", color: t.rule, strokeWidth: 1.5 }, encoding: { x2: { datum: 0 } } },
        { mark: { type: "point", filled: true, size: 70, color: t.accent, opacity: 1 } },
        { mark: { type: "text", align: "left", dx: 9, color: t.muted }, encoding: { text: { field: "text" } } },
      ],
    }),
  };
}

/** Pairwise correlations as a heatmap, blue for together, orange for opposite. */
export function correlation(names: string[], matrix: (number | null)[][]): Plot {
  const shown = names.map((n, i) => clip(n, 22) + "\u200b".repeat(i % 11));
  const rows: Row[] = [];
  names.forEach((a, i) => names.forEach((b, j) => {
    const r = matrix[i]?.[j];
    if (r != null && j <= i) rows.push({ a: shown[i], b: shown[j], r, text: num(r, 2).replace(/^(−?)0\./, "$1."), tip: `${a} and ${b}: ${num(r, 3)}` });
  }));
  const n = names.length;
  const cell = (w: number): number => Math.max(9, Math.min(34, (w - 150) / n));
  return {
    height: Math.min(34, 560 / n) * n + 110,
    label: `Correlations of ${n} numeric variables`,
    spec: (t, w) => {
      const size = cell(w) * n;
      const layer: Row[] = [{
        mark: { type: "rect", stroke: t.page, strokeWidth: 1 },
        encoding: {
          color: {
            field: "r", type: "quantitative", scale: { domain: [-1, 0, 1], range: [t.high, t.mid, t.low] },
            legend: { title: null, orient: "top", direction: "horizontal", gradientLength: 140, gradientThickness: 8, values: [-1, 0, 1] },
          },
          tooltip: { field: "tip" },
        },
      }];
      if (cell(w) >= 27) {
        layer.push({
          mark: { type: "text", fontSize: 10 },
          encoding: { text: { field: "text" }, color: { condition: { test: "abs(datum.r) > 0.6", value: t.dark ? "#0d1114" : "#fff" }, value: t.ink } },
        });
      }
      return {
        ...single(rows, size, size, {
          encoding: {
            x: { field: "b", type: "nominal", sort: shown, title: null, axis: { labelAngle: -50, labelLimit: 90, labelOverlap: false, domain: false, ticks: false } },
            y: { field: "a", type: "nominal", sort: shown, title: null, axis: { labelLimit: 130, labelOverlap: false, grid: false } },
          },
          layer,
        }),
        autosize: { type: "pad" },
      } as Spec;
    },
  };
}
