// quality.ts -- ROC, precision-recall, calibration, confusion, gain; residuals.

import type { Cost, Diagnose, Groups } from "../stages";
import { clip, count, num, percent } from "../format";
import { LABELS, single, type Plot, type Row } from "./plot";
import { classRange } from "./variables";
import type { Theme } from "./theme";

const SIDE = 230;
const CLASSES_MAX = 8;

const unit = (title: string, extra: Row = {}): Row => ({
  type: "quantitative", scale: { domain: [0, 1], nice: false }, axis: { title, values: [0, 0.25, 0.5, 0.75, 1], format: ".0%", ...extra },
});

function colour(t: Theme, names: string[]): Row {
  return {
    field: "name", type: "nominal", title: null, sort: null,
    scale: { domain: names, range: classRange(t, names.length) },
    legend: names.length > 1 ? { columns: 2 } : null,
  };
}

function curves(
  list: { name: string; x: number[]; y: number[] }[], xTitle: string, yTitle: string, label: string,
  line: { from: [number, number]; to: [number, number] } | null, step: boolean,
): Plot {
  const rows: Row[] = [];
  list.slice(0, CLASSES_MAX).forEach((c) => c.x.forEach((x, i) => rows.push({ x, y: c.y[i], i, name: clip(c.name, 26) })));
  const names = list.slice(0, CLASSES_MAX).map((c) => clip(c.name, 26));
  return {
    height: SIDE + 56 + (names.length > 1 ? 18 * Math.ceil(names.length / 2) : 0),
    label,
    spec: (t, w) => single(rows, w, SIDE, {
      layer: [
        ...(line ? [{
          data: { values: [{ x: line.from[0], y: line.from[1] }, { x: line.to[0], y: line.to[1] }] },
          mark: { type: "line", color: t.rule, strokeDash: [4, 4], strokeWidth: 1.5 },
          encoding: { x: { field: "x", ...unit(xTitle) }, y: { field: "y", ...unit(yTitle, { grid: true }) } },
        }] : []),
        {
          mark: { type: "line", strokeWidth: 2, ...(step ? { interpolate: "step-before" } : {}) },
          encoding: {
            x: { field: "x", ...unit(xTitle, { grid: false }) }, y: { field: "y", ...unit(yTitle, { grid: true }) },
            order: { field: "i", type: "quantitative" }, color: colour(t, names),
          },
        },
      ],
    }),
  };
}

export function roc(list: NonNullable<Diagnose["roc"]>): Plot {
  return curves(
    list.map((r) => ({ name: list.length > 1 ? `${r.class} (${num(r.auc, 3)})` : r.class, x: r.fpr, y: r.tpr })),
    "false alarms: share of the others flagged", "found: share of the cases flagged",
    `ROC curve; area ${list.slice(0, 6).map((r) => `${r.class} ${num(r.auc, 3)}`).join(", ")}`, { from: [0, 0], to: [1, 1] }, false);
}

export function pr(list: NonNullable<Diagnose["pr"]>): Plot {
  return curves(
    list.map((r) => ({ name: list.length > 1 ? `${r.class} (${num(r.ap, 3)})` : r.class, x: r.recall, y: r.precision })),
    "found: share of the cases flagged", "right: share of flags that are cases",
    `Precision-recall curve; average precision ${list.slice(0, 6).map((r) => `${r.class} ${num(r.ap, 3)}`).join(", ")}`, null, true);
}

export function gain(lift: NonNullable<Diagnose["lift"]>): Plot {
  return curves([{ name: "the build", x: lift.share, y: lift.gain }], "share of rows looked at, highest scores first",
    "share of the cases found", "Cumulative gain curve", { from: [0, 0], to: [1, 1] }, false);
}

/** How many times as many cases a tenth of the list holds as a tenth of all rows. */
export function lift(parts: (number | null)[]): Plot {
  const rows = parts.map((v, i) => ({ part: i + 1, lift: v, tip: `tenth ${i + 1}: ${num(v, 3)} times the average share of cases` }));
  return {
    height: SIDE + 56,
    label: `Lift by tenth of the list, best scores first: ${parts.map((v) => num(v, 2)).join(", ")}`,
    spec: (t, w) => single(rows, w, SIDE, {
      layer: [
        {
          mark: { type: "bar", color: t.accent, width: { band: 0.8 } },
          encoding: {
            x: { field: "part", type: "ordinal", axis: { title: "tenth of the rows, highest scores first", labelAngle: 0 } },
            y: { field: "lift", type: "quantitative", axis: { title: "lift: times the average share of cases", tickCount: 5, labelExpr: LABELS } },
            tooltip: { field: "tip" },
          },
        },
        { data: { values: [{}] }, mark: { type: "rule", color: t.second, strokeDash: [4, 4], strokeWidth: 1.5 }, encoding: { y: { datum: 1 } } },
      ],
    }),
  };
}

const MEASURES: [keyof NonNullable<Diagnose["threshold"]>, string][] = [
  ["precision", "precision: flags that are right"], ["recall", "recall: cases found"], ["f1", "F1"], ["balanced_accuracy", "balanced accuracy"],
];

/** What each threshold would do; the line upright is the build's own. */
export function thresholds(d: NonNullable<Diagnose["threshold"]>): Plot {
  const names = MEASURES.map((m) => m[1]);
  const rows: Row[] = [];
  for (const [key, name] of MEASURES) {
    const list = (d[key] ?? []) as (number | null)[];
    list.forEach((y, i) => { if (y != null && d.at[i] != null) rows.push({ x: Math.min(1, d.at[i] as number), y, i, name }); });
  }
  return {
    height: SIDE + 92,
    label: `Precision, recall, F1 and balanced accuracy by threshold; the build's is ${num(d.now, 3)}`,
    spec: (t, w) => single(rows, w, SIDE, {
      layer: [
        ...(d.now != null ? [{ data: { values: [{}] }, mark: { type: "rule", color: t.muted, strokeDash: [4, 4], strokeWidth: 1.5 }, encoding: { x: { datum: d.now } } }] : []),
        {
          mark: { type: "line", strokeWidth: 2 },
          encoding: {
            x: { field: "x", ...unit("threshold: probability from which a row is called a case", { grid: false }) }, y: { field: "y", ...unit("share", { grid: true }) },
            order: { field: "i", type: "quantitative" },
            color: { field: "name", type: "nominal", title: null, scale: { domain: names, range: classRange(t, names.length) }, legend: { columns: 2, labelLimit: 190, symbolType: "stroke", symbolStrokeWidth: 3 } },
          },
        },
      ],
    }),
  };
}

/** What mistakes cost on average, by threshold; a dot where it is least. */
export function costs(list: Cost[], at: (number | null)[], now: number | null): Plot {
  const name = (c: Cost): string => `false alarm ${num(c.fp)}, missed ${num(c.fn)}`;
  const names = list.map(name);
  const rows: Row[] = [], best: Row[] = [];
  for (const c of list) {
    c.mean.forEach((y, i) => { if (y != null && at[i] != null) rows.push({ x: Math.min(1, at[i] as number), y, i, name: name(c) }); });
    if (c.best?.threshold != null && c.best.value != null) {
      best.push({
        x: Math.min(1, c.best.threshold), y: c.best.value, name: name(c), tip: `${name(c)}: least at ${num(c.best.threshold, 3)}, ${num(c.best.value, 3)} a row; now ${num(c.now, 3)}`,
      });
    }
  }
  return {
    height: SIDE + 92,
    label: `Mean cost of a row by threshold; least at ${list.map((c) => num(c.best?.threshold, 3)).join(", ")}`,
    spec: (t, w) => {
      const color = { field: "name", type: "nominal", title: null, scale: { domain: names, range: classRange(t, names.length) }, legend: { columns: 2, labelLimit: 190, symbolType: "stroke", symbolStrokeWidth: 3 } };
      const y = { field: "y", type: "quantitative", axis: { title: "mean cost of a row (in your unit of cost)", tickCount: 5, labelExpr: LABELS } };
      return single(rows, w, SIDE, {
        layer: [
          ...(now != null ? [{ data: { values: [{}] }, mark: { type: "rule", color: t.muted, strokeDash: [4, 4], strokeWidth: 1.5 }, encoding: { x: { datum: now } } }] : []),
          { mark: { type: "line", strokeWidth: 2 }, encoding: { x: { field: "x", ...unit("threshold: probability from which a row is called a case", { grid: false }) }, y, order: { field: "i", type: "quantitative" }, color } },
          { data: { values: best }, mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { x: { field: "x", type: "quantitative" }, y, color, tooltip: { field: "tip" } } },
        ],
      });
    },
  };
}

/** Rates side by side, a lane a group. */
export function groups(g: Groups, measure: string): Plot {
  const rates: [string, (x: Groups["list"][number]) => number | null | undefined][] = g.class
    ? [["selected", (x) => x.selection_rate], ["found (true positive rate)", (x) => x.tpr], ["false alarms (false positive rate)", (x) => x.fpr]]
    : [[measure, (x) => x.score]];
  const lanes = g.list.map((x, i) => clip(`${x.group} (${count(x.n)})`, 34) + "\u200b".repeat(i % 23));
  const names = rates.map((r) => r[0]), rows: Row[] = [];
  g.list.forEach((x, i) => rates.forEach(([name, of]) => {
    const v = of(x);
    if (v != null) rows.push({ lane: lanes[i], name, v, tip: `${x.group}, ${name}: ${g.class ? percent(v) : num(v)} of ${count(x.n)} rows` });
  }));
  return {
    height: 30 * lanes.length + 84,
    label: `Groups by ${g.column}: ${g.list.slice(0, 6).map((x) => `${x.group} ${g.class ? percent(x.selection_rate) : num(x.score)}`).join(", ")}`,
    spec: (t, w) => single(rows, w, 30 * lanes.length, {
      layer: [
        {
          mark: { type: "point", filled: true, size: 90, opacity: 0.9 },
          encoding: {
            y: { field: "lane", type: "nominal", sort: null, scale: { domain: lanes }, axis: { title: `${clip(g.column, 30)} (rows)`, labelLimit: Math.min(190, w * 0.4), labelFontSize: 12, labelColor: t.ink, grid: true, labelOverlap: false } },
            x: g.class ? { field: "v", ...unit("share of the group's rows, cases, others", { grid: true }) }
              : { field: "v", type: "quantitative", scale: { zero: false }, axis: { title: measure, grid: true, tickCount: 5, labelExpr: LABELS } },
            color: { field: "name", type: "nominal", title: null, scale: { domain: names, range: classRange(t, names.length) }, legend: names.length > 1 ? { columns: w < 420 ? 1 : 3, labelLimit: 220 } : null },
            tooltip: { field: "tip" },
          },
        },
      ],
    }),
  };
}

export function calibration(bins: { mean: number | null; share: number | null; n: number }[], label: string): Plot {
  const rows = bins.filter((b) => b.mean != null && b.share != null && b.n > 0).map((b) => {
    const se = Math.sqrt(Math.max((b.share as number) * (1 - (b.share as number)), 0.25 / (b.n + 4)) / b.n);
    return {
      x: b.mean, y: b.share, n: b.n, lo: Math.max(0, (b.share as number) - 2 * se), hi: Math.min(1, (b.share as number) + 2 * se),
      tip: `predicted ${percent(b.mean)}, happened ${percent(b.share)}, ${count(b.n)} rows`,
    };
  });
  return {
    height: SIDE + 56,
    label,
    spec: (t, w) => single(rows, w, SIDE, {
      encoding: { x: { field: "x", ...unit("predicted probability", { grid: false }) } },
      layer: [
        {
          data: { values: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }, mark: { type: "line", color: t.rule, strokeDash: [4, 4], strokeWidth: 1.5 },
          encoding: { y: { field: "y", ...unit("share that happened", { grid: true }) } },
        },
        { mark: { type: "rule", color: t.accentSoft, strokeWidth: 2 }, encoding: { y: { field: "lo", type: "quantitative" }, y2: { field: "hi" } } },
        { mark: { type: "line", color: t.accent, strokeWidth: 1.5 }, encoding: { y: { field: "y", type: "quantitative" } } },
        {
          mark: { type: "point", filled: true, color: t.accent, opacity: 1 },
          encoding: { y: { field: "y", type: "quantitative" }, size: { field: "n", type: "quantitative", scale: { range: [30, 220] }, legend: null }, tooltip: { field: "tip" } },
        },
      ],
    }),
  };
}

/** Rows: what was true; columns: what was said.  Shares are of the row. */
export function confusion(classes: string[], matrix: number[][]): Plot {
  const n = Math.min(classes.length, 30);
  const names = classes.slice(0, n).map((c, i) => (clip(c, 20) || "(empty)") + "\u200b".repeat(i % 31));
  const rows: Row[] = [];
  for (let i = 0; i < n; i++) {
    const total = matrix[i].reduce((a, b) => a + b, 0) || 1;
    for (let j = 0; j < n; j++) {
      const v = matrix[i][j];
      rows.push({
        truth: names[i], said: names[j], v, share: v / total, same: i === j, text: count(v), part: percent(v / total, 0),
        tip: `${classes[i]} called ${classes[j]}: ${count(v)} rows, ${percent(v / total)}`,
      });
    }
  }
  const cell = (w: number): number => Math.max(12, Math.min(n <= 2 ? 92 : n <= 4 ? 76 : 54, (w - 120) / n));
  return {
    height: (n <= 2 ? 92 : n <= 4 ? 76 : Math.min(54, 460 / n)) * n + 80,
    label: `Confusion matrix of ${classes.length} classes`,
    spec: (t, w) => {
      const c = cell(w), size = c * n;
      const ink = { condition: { test: "datum.share > 0.55", value: t.dark ? "#0d1114" : "#ffffff" }, value: t.ink };
      const layer: Row[] = [{
        mark: { type: "rect", stroke: t.page, strokeWidth: 2 },
        encoding: { color: { field: "share", type: "quantitative", scale: { domain: [0, 1], range: [t.grid, t.accent], interpolate: "rgb" }, legend: null }, tooltip: { field: "tip" } },
      }];
      if (c >= 24) layer.push({ mark: { type: "text", dy: c >= 50 ? -7 : 0, fontSize: c >= 50 ? 13 : 10, fontWeight: 600 }, encoding: { text: { field: "text" }, color: ink } });
      if (c >= 50) layer.push({ mark: { type: "text", dy: 9, fontSize: 10 }, encoding: { text: { field: "part" }, color: ink } });
      return {
        ...single(rows, size, size, {
          encoding: {
            x: { field: "said", type: "nominal", sort: null, scale: { domain: names }, axis: { title: "what the build said", orient: "top", labelAngle: n > 4 ? -40 : 0, labelLimit: n > 4 ? 90 : c, domain: false, ticks: false, labelOverlap: false, labelColor: t.ink } },
            y: { field: "truth", type: "nominal", sort: null, scale: { domain: names }, axis: { title: "what was true", labelLimit: 90, grid: false, labelOverlap: false, labelColor: t.ink } },
          },
          layer,
        }),
        autosize: { type: "pad" },
      } as ReturnType<typeof single>;
    },
  };
}

export function residuals(fitted: number[], residual: number[], unitOf: string): Plot {
  const rows = fitted.map((x, i) => ({ x, y: residual[i] }));
  return {
    height: SIDE + 56,
    label: `Residuals of ${rows.length} rows against the predicted value`,
    spec: (t, w) => single(rows, w, SIDE, {
      layer: [
        {
          mark: { type: "point", filled: true, size: 14, opacity: 0.4, color: t.accent },
          encoding: {
            x: { field: "x", type: "quantitative", scale: { zero: false }, axis: { title: `predicted ${unitOf}`, labelExpr: LABELS, tickCount: 5 } },
            y: { field: "y", type: "quantitative", axis: { title: `true − predicted ${unitOf}`, labelExpr: LABELS, tickCount: 5 } },
          },
        },
        { data: { values: [{}] }, mark: { type: "rule", color: t.second, strokeWidth: 1.5 }, encoding: { y: { datum: 0 } } },
      ],
    }),
  };
}

export function qq(theory: number[], sample: number[], unitOf: string): Plot {
  const rows = theory.map((x, i) => ({ x, y: sample[i] }));
  const lo = Math.min(...theory), hi = Math.max(...theory);
  const q = (p: number): number => sample[Math.floor(p * (sample.length - 1))], z = (p: number): number => theory[Math.floor(p * (theory.length - 1))];
  const slope = (q(0.75) - q(0.25)) / (z(0.75) - z(0.25) || 1), at = q(0.5) - slope * z(0.5);
  return {
    height: SIDE + 56,
    label: "Quantiles of the residuals against those of a normal distribution",
    spec: (t, w) => single(rows, w, SIDE, {
      layer: [
        {
          data: { values: [{ x: lo, y: at + slope * lo }, { x: hi, y: at + slope * hi }] }, mark: { type: "line", color: t.rule, strokeDash: [4, 4], strokeWidth: 1.5 },
          encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
        },
        {
          mark: { type: "point", filled: true, size: 16, color: t.accent, opacity: 0.8 },
          encoding: {
            x: { field: "x", type: "quantitative", scale: { zero: false }, axis: { title: "if errors were normal (standard deviations)", tickCount: 5 } },
            y: { field: "y", type: "quantitative", axis: { title: `true − predicted ${unitOf}`, labelExpr: LABELS, tickCount: 5 } },
          },
        },
      ],
    }),
  };
}

export function histogram(bins: { lo: number; hi: number; count: number }[], title: string): Plot {
  return {
    height: SIDE + 56,
    label: `Histogram: ${title}`,
    spec: (t, w) => single(bins.map((b) => ({ ...b, tip: `${num(b.lo)} to ${num(b.hi)}: ${count(b.count)} rows` })), w, SIDE, {
      mark: { type: "bar", color: t.accent, binSpacing: 1 },
      encoding: {
        x: { field: "lo", type: "quantitative", bin: "binned", axis: { title, labelExpr: LABELS, tickCount: 5 }, scale: { zero: false, nice: false } },
        x2: { field: "hi" },
        y: { field: "count", type: "quantitative", axis: { title: "rows", labelExpr: LABELS, tickCount: 4 } },
        tooltip: { field: "tip" },
      },
    }),
  };
}
