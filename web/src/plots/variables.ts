// variables.ts -- one variable against the target, and the target itself.

import type { Bin, Column, Level } from "../stages";
import { clip, date, num, percent } from "../format";
import { LABELS, single, type Plot, type Row, type Spec } from "./plot";
import type { Theme } from "./theme";

export interface Against {
  task: string | null;
  classes: string[];
  target: string;
  /** Index in `classes` of the class whose share the line shows (binary). */
  positive: number;
}

const HEIGHT = 132;
const LEVEL = 17;
/** A part with fewer rows says too little about the target to be drawn. */
const ROWS_MIN = 5;
const ROWS_SHARE = 0.004;

function answer(b: { mean?: number | null; share?: (number | null)[] }, a: Against): number | null {
  if (a.task === "regression") return b.mean ?? null;
  if (a.task === "binary") return b.share?.[a.positive] ?? null;
  return null;
}

/** Bars of counts; a line of the target's mean or of the positive class's share; stacked bars for many classes. */
export function variable(c: Column, a: Against | null): Plot | null {
  if (c.bins?.length) {
    const bins = c.bins;
    return {
      height: HEIGHT + 34,
      label: describe(c, a, bins),
      spec: (t, w) => (a?.task === "multiclass" ? stackedBins(c, a, bins, t, w) : bars(c, a, bins, t, w)),
    };
  }
  const levels = levelsOf(c);
  if (levels.length === 0) return null;
  return {
    height: LEVEL * levels.length + (a && a.task !== "multiclass" ? 72 : 40),
    label: describe(c, a, levels),
    spec: (t, w) => (a?.task === "multiclass" ? stackedLevels(c, a, levels, t, w) : levelBars(c, a, levels, t, w)),
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

function says(parts: (Bin | Level)[], a: Against | null): (number | null)[] {
  const total = parts.reduce((s, p) => s + p.count, 0);
  const least = Math.max(ROWS_MIN, ROWS_SHARE * total);
  return parts.map((p) => (a && p.count >= least ? answer(p, a) : null));
}

function tip(p: Bin | Level, c: Column, a: Against | null): string {
  const name = "value" in p ? clip(p.value, 60) : c.type === "datetime" ? `${date(p.lo)} to ${date(p.hi)}` : `${num(p.lo)} to ${num(p.hi)}`;
  const y = a ? answer(p, a) : null;
  return `${name}: ${num(p.count)} rows` + (y == null ? "" : a!.task === "binary" ? `, ${percent(y)} ${a!.classes[a!.positive] ?? ""}` : `, mean ${num(y)}`);
}

/* ------------------------------------------------------------------ ranges */

const DAY = 86400000;

/** Few round dates between lo and hi (milliseconds), and how to write them. */
function dates(lo: number, hi: number): { values: number[]; format: string } {
  const years = (hi - lo) / (365.25 * DAY);
  const values: number[] = [];
  if (years >= 3) {
    const step = Math.max(1, Math.ceil(years / 5));
    for (let y = new Date(lo).getUTCFullYear() + 1; Date.UTC(y, 0) <= hi; y += step) values.push(Date.UTC(y, 0));
    return { values, format: "%Y" };
  }
  if (hi - lo >= 60 * DAY) {
    const step = Math.max(1, Math.ceil((years * 12) / 4)), from = new Date(lo);
    for (let m = from.getUTCMonth() + 1; ; m += step) {
      const v = Date.UTC(from.getUTCFullYear(), m);
      if (v > hi) break;
      values.push(v);
    }
    return { values, format: "%b %Y" };
  }
  for (let i = 0; i < 4; i++) values.push(lo + ((hi - lo) * (i + 0.5)) / 4);
  return { values, format: hi - lo < 3 * DAY ? "%d %b %H:%M" : "%d %b" };
}

function xAxis(c: Column, bins: Bin[]): { bar: Row; mid: Row; row: (b: Bin) => Row } {
  const when = c.type === "datetime", k = when ? 1000 : 1;
  const lo = bins[0].lo * k, hi = bins[bins.length - 1].hi * k;
  const round = when ? dates(lo, hi) : null;
  const axis = round
    ? { title: null, grid: false, values: round.values, labelExpr: `utcFormat(datum.value, '${round.format}')` }
    : { title: null, grid: false, tickCount: 5, labelExpr: LABELS, ...(c.type === "integer" ? { tickMinStep: 1 } : {}) };
  const scale = { zero: false, nice: false, domain: [lo, hi] };
  return {
    bar: { x: { field: "lo", type: "quantitative", bin: "binned", axis, scale }, x2: { field: "hi" } },
    mid: { x: { field: "mid", type: "quantitative", axis, scale } },
    row: (b) => ({ lo: b.lo * k, hi: b.hi * k, mid: ((b.lo + b.hi) / 2) * k }),
  };
}

function answerScale(a: Against, t: Theme, orient: string): Row {
  return {
    field: "y", type: "quantitative", scale: { zero: a.task === "binary", nice: true },
    axis: {
      title: a.task === "binary" ? `share of ${clip(a.classes[a.positive] ?? "", 16)}` : `mean ${clip(a.target, 18)}`, titleColor: t.accent,
      orient, grid: false, domain: false, ticks: false, tickCount: 3, labelColor: t.accent,
      ...(a.task === "binary" ? { format: ".0%" } : { labelExpr: LABELS }),
    },
  };
}

function bars(c: Column, a: Against | null, bins: Bin[], t: Theme, w: number): Spec {
  const x = xAxis(c, bins), y = says(bins, a);
  const rows = bins.map((b, i) => ({ ...x.row(b), count: b.count, y: y[i], tip: tip(b, c, a) }));
  const layer: Row[] = [{
    mark: { type: "bar", color: t.bar, binSpacing: 1 },
    encoding: { ...x.bar, y: { field: "count", type: "quantitative", axis: { title: "rows", tickCount: 3, labelExpr: LABELS } }, tooltip: { field: "tip" } },
  }];
  if (a && y.some((v) => v != null)) {
    const shown = [{ filter: "isValid(datum.y)" }], scale = answerScale(a, t, "right");
    layer.push({ transform: shown, mark: { type: "line", color: t.accent, strokeWidth: 2 }, encoding: { ...x.mid, y: scale } });
    layer.push({ transform: shown, mark: { type: "point", color: t.accent, filled: true, size: 18, opacity: 1 }, encoding: { ...x.mid, y: scale, tooltip: { field: "tip" } } });
  }
  return single(rows, w, HEIGHT, { layer, resolve: { scale: { y: "independent" } } });
}

function classColour(a: Against, t: Theme): Row {
  return {
    field: "name", type: "nominal", legend: null,
    scale: { domain: a.classes.map((k) => clip(k, 30)), range: classRange(t, a.classes.length) },
  };
}

function byClass(p: Bin | Level, c: Column, a: Against, base: Row): Row[] {
  const name = "value" in p ? clip(p.value, 60) : tip(p, c, null);
  if (!p.share) return [{ ...base, n: p.count, k: 0, name: clip(a.classes[0] ?? "", 30), tip: tip(p, c, null) }];
  return p.share.map((s, k) => ({
    ...base, n: (s ?? 0) * p.count, k, name: clip(a.classes[k] ?? String(k), 30), tip: `${name}: ${percent(s)} ${a.classes[k] ?? ""}`,
  }));
}

function stackedBins(c: Column, a: Against, bins: Bin[], t: Theme, w: number): Spec {
  const x = xAxis(c, bins);
  return single(bins.flatMap((b) => byClass(b, c, a, x.row(b))), w, HEIGHT, {
    mark: { type: "bar", binSpacing: 1 },
    encoding: {
      ...x.bar, y: { field: "n", type: "quantitative", stack: "zero", axis: { title: "rows", tickCount: 3, labelExpr: LABELS } },
      color: classColour(a, t), order: { field: "k", type: "quantitative" }, tooltip: { field: "tip" },
    },
  });
}

/* ------------------------------------------------------------------ levels */

function levelAxis(t: Theme, w: number): Row {
  return {
    field: "value", type: "nominal", sort: null, title: null, scale: { paddingInner: 0.25 },
    axis: { labelLimit: Math.min(110, w * 0.36), labelColor: t.ink, grid: false, labelOverlap: false },
  };
}

const levelName = (l: Level, i: number): string => (clip(l.value, 40) || "(empty)") + "\u200b".repeat(i % 13);

function levelBars(c: Column, a: Against | null, levels: Level[], t: Theme, w: number): Spec {
  const y = says(levels, a);
  const rows = levels.map((l, i) => ({ value: levelName(l, i), count: l.count, y: y[i], tip: tip(l, c, a) }));
  const layer: Row[] = [{
    mark: { type: "bar", color: t.bar },
    encoding: { x: { field: "count", type: "quantitative", axis: { title: "rows", tickCount: 3, labelExpr: LABELS, grid: true, domain: false, ticks: false } }, tooltip: { field: "tip" } },
  }];
  if (a && y.some((v) => v != null)) {
    layer.push({
      transform: [{ filter: "isValid(datum.y)" }],
      mark: { type: "point", color: t.accent, filled: true, size: 46, opacity: 1 },
      encoding: { x: answerScale(a, t, "top"), tooltip: { field: "tip" } },
    });
  }
  return single(rows, w, LEVEL * levels.length, { encoding: { y: levelAxis(t, w) }, layer, resolve: { scale: { x: "independent" } } });
}

function stackedLevels(c: Column, a: Against, levels: Level[], t: Theme, w: number): Spec {
  return single(levels.flatMap((l, i) => byClass(l, c, a, { value: levelName(l, i) })), w, LEVEL * levels.length, {
    mark: { type: "bar" },
    encoding: {
      y: levelAxis(t, w), x: { field: "n", type: "quantitative", stack: "zero", axis: { title: "rows", tickCount: 3, labelExpr: LABELS, grid: true, domain: false, ticks: false } },
      color: classColour(a, t), order: { field: "k", type: "quantitative" }, tooltip: { field: "tip" },
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
        x: { field: "strength", type: "quantitative", scale: { domain: [0, 1.4] }, axis: { values: [0, 0.25, 0.5, 0.75, 1], labelExpr: LABELS, title: "strength: 0 says nothing, 1 says all", grid: true } },
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

/** Pairwise correlations as a heatmap, blue for together, orange for opposite; as many as can be read at this width. */
export function correlation(names: string[], matrix: (number | null)[][]): Plot {
  const fit = (w: number): number => Math.max(2, Math.min(names.length, Math.floor((w - 150) / 13)));
  return {
    height: Math.min(34, 560 / names.length) * names.length + 110,
    label: `Correlations of ${names.length} numeric variables`,
    spec: (t, w) => correlated(names.slice(0, fit(w)), matrix, t, w),
  };
}

function correlated(names: string[], matrix: (number | null)[][], t: Theme, w: number): Spec {
  const n = names.length, cell = Math.max(9, Math.min(34, (w - 150) / n)), size = cell * n;
  const shown = names.map((s, i) => clip(s, 22) + "\u200b".repeat(i % 11));
  const rows: Row[] = [];
  names.forEach((a, i) => names.forEach((b, j) => {
    const r = matrix[i]?.[j];
    if (r == null || j > i) return;
    const text = Math.abs(r) < 0.005 ? "0" : r.toFixed(2).replace("-", "−").replace(/^(−?)0\./, "$1.");
    rows.push({ a: shown[i], b: shown[j], r, text, tip: `${a} and ${b}: ${num(r, 3)}` });
  }));
  const layer: Row[] = [{
    mark: { type: "rect", stroke: t.page, strokeWidth: 1 },
    encoding: {
      color: {
        field: "r", type: "quantitative", scale: { domain: [-1, 0, 1], range: [t.high, t.mid, t.low], interpolate: "rgb" },
        legend: { title: null, orient: "top", direction: "horizontal", gradientLength: 140, gradientThickness: 8, values: [-1, 0, 1] },
      },
      tooltip: { field: "tip" },
    },
  }];
  if (cell >= 27) {
    layer.push({
      mark: { type: "text", fontSize: 10 },
      encoding: { text: { field: "text" }, color: { condition: { test: "abs(datum.r) > 0.6", value: t.dark ? "#0d1114" : "#fff" }, value: t.ink } },
    });
  }
  return {
    ...single(rows, size, size, {
      encoding: {
        x: { field: "b", type: "nominal", sort: null, scale: { domain: shown }, title: null, axis: { labelAngle: -50, labelLimit: 90, labelOverlap: false, domain: false, ticks: false } },
        y: { field: "a", type: "nominal", sort: null, scale: { domain: shown }, title: null, axis: { labelLimit: 130, labelOverlap: false, grid: false } },
      },
      layer,
    }),
    autosize: { type: "pad" },
  } as Spec;
}
