// models.ts -- the leaderboard, the Pareto front, tuning, the ensemble, learning curves, and features tried.

import type { Diagnose, Entry, Num, TriedFeature, Tune } from "../stages";
import { bytes, clip, metric, micros, num, score, seconds } from "../format";
import { LABELS, logTicks, single, type Plot, type Row, type Spec } from "./plot";
import type { Theme } from "./theme";

const ROW = 26;

function label(e: Entry): string {
  return e.trial != null ? `${e.learner} · ${e.trial}` : e.learner;
}

/** Trials that are so far behind (the baseline, mostly) that drawing them would press all others into one corner. */
export function nearBest<T extends { score?: Num }>(list: T[], higher: boolean): { near: T[]; far: T[] } {
  const scores = list.map((e) => e.score).filter((v): v is number => v != null).sort((a, b) => (higher ? b - a : a - b));
  if (scores.length < 4) return { near: list, far: [] };
  const best = scores[0], most = scores[Math.floor(0.75 * (scores.length - 1))];
  const reach = Math.max(Math.abs(most - best) * 3, Math.abs(best) * 1e-3);
  const near = list.filter((e) => e.score != null && Math.abs(e.score - best) <= reach);
  return { near, far: list.filter((e) => e.score != null && !near.includes(e)) };
}

/** Points with one and two standard errors; the first is the build itself when `ensemble` is given. */
export function leaderboard(entries: Entry[], metricName: string, ensemble: { score: Num; se: Num } | null): Plot {
  const rows: Row[] = [];
  if (ensemble?.score != null) rows.push(row("the build (ensemble)", ensemble.score, ensemble.se, true));
  const seen = new Set<string>();
  for (const e of entries) {
    if (e.score == null) continue;
    let name = label(e);
    while (seen.has(name)) name += "\u200b";
    seen.add(name);
    rows.push(row(name, e.score, e.se, false));
  }
  const m = metric(metricName);
  return {
    height: ROW * rows.length + 48,
    label: `Scores (${m.label}) with uncertainty, best first: ${rows.slice(0, 6).map((r) => `${r.name} ${r.text}`).join("; ")}`,
    spec: (t, w) => single(rows, w, ROW * rows.length, {
      encoding: {
        y: {
          field: "name", type: "nominal", sort: null, title: null,
          axis: { labelLimit: Math.min(200, w * 0.42), labelFontSize: 12, labelColor: t.ink, grid: false, labelOverlap: false },
        },
        x: { type: "quantitative", scale: { zero: false, nice: true }, axis: { title: m.label, grid: true, tickCount: 5, labelExpr: LABELS } },
        tooltip: { field: "tip" },
      },
      layer: [
        { mark: { type: "rule", color: t.accentSoft, strokeWidth: 1.5 }, encoding: { x: { field: "lo2" }, x2: { field: "hi2" } } },
        { mark: { type: "rule", color: t.accent, strokeWidth: 3 }, encoding: { x: { field: "lo" }, x2: { field: "hi" } } },
        {
          mark: { type: "point", filled: true, size: 80, opacity: 1 },
          encoding: { x: { field: "score" }, color: { condition: { test: "datum.first", value: t.second }, value: t.accent } },
        },
      ],
    }),
  };
}

function row(name: string, value: number, se: Num | undefined, first: boolean): Row {
  const s = se ?? 0;
  return {
    name, score: value, lo: value - s, hi: value + s, lo2: value - 2 * s, hi2: value + 2 * s, first,
    text: score(value, se), tip: `${name}: ${score(value, se)}${s > 0 ? ` ± ${num(s, 2)}` : ""}`,
  };
}

/** Score against a cost: the entries of the front joined by a line. */
export function pareto(entries: Entry[], cost: "fit_s" | "predict_us_row" | "size_bytes", metricName: string, higher: boolean): Plot | null {
  const words = {
    fit_s: { title: "fit time (s)", text: seconds }, predict_us_row: { title: "scoring time (µs a row)", text: micros },
    size_bytes: { title: "size (bytes)", text: bytes },
  }[cost];
  const known = entries.filter((e) => e.score != null && e[cost] != null && (e[cost] as number) > 0);
  if (known.length < 2) return null;
  const sorted = [...known].sort((a, b) => (a[cost] as number) - (b[cost] as number));
  const front = new Set<Entry>();
  let best: number | null = null;
  for (const e of sorted) {
    const s = e.score as number;
    if (best == null || (higher ? s > best : s < best)) { front.add(e); best = s; }
  }
  const named = new Set<string>();
  const rows = sorted.map((e) => ({
    cost: e[cost], score: e.score, front: front.has(e), name: front.has(e) && !named.has(e.learner) && named.add(e.learner) ? clip(e.learner, 14) : "",
    tip: `${label(e)}: ${score(e.score, e.se)}, ${words.text(e[cost])}`,
  }));
  const m = metric(metricName);
  const ticks = logTicks(sorted[0][cost] as number, sorted[sorted.length - 1][cost] as number);
  return {
    height: 250,
    label: `${m.label} against ${words.title}; on the front: ${[...front].map(label).join(", ")}`,
    spec: (t, w) => single(rows, w, 200, {
      encoding: {
        x: { field: "cost", type: "quantitative", scale: { type: "log", nice: false, padding: 16 }, axis: { title: words.title, labelExpr: LABELS, values: ticks } },
        y: { field: "score", type: "quantitative", scale: { zero: false }, axis: { title: m.label, tickCount: 4, labelExpr: LABELS } },
        tooltip: { field: "tip" },
      },
      layer: [
        { transform: [{ filter: "datum.front" }], mark: { type: "line", interpolate: "step-after", color: t.second, strokeWidth: 1.5 } },
        {
          mark: { type: "point", filled: true, opacity: 1 },
          encoding: {
            color: { condition: { test: "datum.front", value: t.second }, value: t.muted },
            size: { condition: { test: "datum.front", value: 80 }, value: 40 },
          },
        },
        {
          transform: [{ filter: "datum.front" }],
          mark: { type: "text", align: "left", dx: 6, dy: higher ? 11 : -11, color: t.muted, fontSize: 10 },
          encoding: { text: { field: "name" } },
        },
      ],
    }),
  };
}

/** Each trial's score in the order they were made, and the best so far. */
export function history(tune: Tune): Plot | null {
  const points = (tune.history ?? []).filter((h) => h.best != null || h.score != null);
  if (points.length === 0) return null;
  const m = metric(tune.metric);
  const rows = points.map((h, i) => ({
    i: i + 1, score: h.score, best: h.best, first: h.stage === "select",
    tip: `trial ${h.trial}, ${h.learner}: ${num(h.score)}${h.at_s != null ? ` at ${seconds(h.at_s)}` : ""}`,
  }));
  const known = nearBest(points.flatMap((h) => [{ score: h.score }, { score: h.best }]), tune.higher ?? true).near.map((e) => e.score as number);
  const lo = Math.min(...known), hi = Math.max(...known);
  const pad = (hi - lo || Math.abs(hi) || 1) * 0.08;
  return {
    height: 250,
    label: `Best ${m.label} so far over ${rows.length} trials, ending at ${num(points[points.length - 1].best)}`,
    spec: (t, w) => single(rows, w, 200, {
      encoding: {
        x: { field: "i", type: "quantitative", scale: { nice: false, padding: 8 }, axis: { title: "trial, in the order they ended", tickMinStep: 1, format: "d", tickCount: 6 } },
        tooltip: { field: "tip" },
      },
      layer: [
        {
          mark: { type: "point", size: 36, color: t.muted, opacity: 0.7, clip: true, filled: false },
          encoding: { fill: { condition: { test: "datum.first", value: t.page }, value: t.muted }, y: { field: "score", type: "quantitative", scale: { zero: false, domain: [lo - pad, hi + pad], nice: true }, axis: { title: m.label, tickCount: 5, labelExpr: LABELS } } },
        },
        { mark: { type: "line", interpolate: "step-after", color: t.accent, strokeWidth: 2.5, clip: true }, encoding: { y: { field: "best", type: "quantitative" } } },
      ],
    }),
  };
}

export function weights(members: { name: string; weight: number }[]): Plot {
  const rows = members.map((r, i) => ({ name: clip(r.name, 34) + "\u200b".repeat(i % 9), weight: r.weight, text: `${(100 * r.weight).toFixed(0)} %` }));
  return {
    height: ROW * rows.length + 8,
    label: `Weights in the ensemble: ${rows.map((r) => `${r.name} ${r.text}`).join(", ")}`,
    spec: (t, w) => single(rows, w, ROW * rows.length, {
      encoding: {
        y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: Math.min(200, w * 0.42), labelFontSize: 12, labelColor: t.ink, grid: false } },
        x: { field: "weight", type: "quantitative", axis: null, scale: { domain: [0, 1.25 * Math.max(...rows.map((r) => r.weight))] } },
      },
      layer: [
        { mark: { type: "bar", color: t.accent, height: { band: 0.55 } } },
        { mark: { type: "text", align: "left", dx: 6, color: t.muted }, encoding: { text: { field: "text" } } },
      ],
    }),
  };
}

/** A plain line: the ensemble's score as members join. */
export function greedy(points: { round: number; score: Num }[], metricName: string): Plot {
  const m = metric(metricName);
  const rows = points.map((p) => ({ ...p, tip: `round ${p.round}: ${num(p.score, 5)}` }));
  return {
    height: 220,
    label: `${m.label} of the ensemble after each of ${rows.length} rounds`,
    spec: (t, w) => single(rows, w, 170, {
      mark: { type: "line", color: t.accent, point: rows.length <= 40 ? { filled: true, size: 24, color: t.accent } : false },
      encoding: {
        x: { field: "round", type: "quantitative", scale: { nice: false }, axis: { title: "round", tickMinStep: 1, tickCount: 6, format: "d" } },
        y: { field: "score", type: "quantitative", scale: { zero: false }, axis: { title: m.label, tickCount: 4, labelExpr: LABELS } },
        tooltip: { field: "tip" },
      },
    }),
  };
}

/** Gain of each feature (group) that was tried, with its uncertainty. */
export function features(tried: TriedFeature[]): Plot {
  const rows = tried.map((f, i) => {
    const g = f.gain ?? 0, s = f.se ?? 0, name = f.feature ?? f.group ?? "";
    return {
      name: clip(name, 34) + "\u200b".repeat(i % 9), gain: g, lo: g - s, hi: g + s, kept: !!f.kept,
      tip: `${name}: gain ${num(g, 3)}${s ? ` ± ${num(s, 2)}` : ""}, ${f.kept ? "kept" : "dropped"}`,
    };
  });
  return {
    height: 24 * rows.length + 44,
    label: `Gain of each feature tried: ${rows.filter((r) => r.kept).length} of ${rows.length} kept`,
    spec: (t, w) => single(rows, w, 24 * rows.length, {
      encoding: {
        y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: Math.min(210, w * 0.45), labelFontSize: 12, labelColor: t.ink, grid: false, labelOverlap: false } },
        x: { type: "quantitative", axis: { title: "gain on held-out rows", grid: true, tickCount: 4, labelExpr: LABELS } },
        tooltip: { field: "tip" },
      },
      layer: [
        { data: { values: [{}] }, mark: { type: "rule", color: t.muted, strokeWidth: 1 }, encoding: { x: { datum: 0 }, y: null, tooltip: null } },
        { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: { field: "lo" }, x2: { field: "hi" }, color: { condition: { test: "datum.kept", value: t.accentSoft }, value: t.rule } } },
        { mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { x: { field: "gain" }, color: { condition: { test: "datum.kept", value: t.accent }, value: t.muted } } },
      ],
    }),
  };
}

/** Score on rows seen and not seen while learning, as the rows grow; `plain` the same without the engineered features. */
export function learningCurve(lc: NonNullable<Diagnose["learning_curve"]>, metricName: string): Plot {
  const m = metric(metricName);
  const rows: Row[] = [];
  const held = "rows held out", seen = "rows it learned from", less = "held out, without engineered features";
  for (const p of lc.points) {
    if (p.train != null) rows.push({ rows: p.rows, y: p.train, lo: p.train - (p.train_se ?? 0), hi: p.train + (p.train_se ?? 0), which: seen });
    if (p.valid != null) rows.push({ rows: p.rows, y: p.valid, lo: p.valid - (p.se ?? 0), hi: p.valid + (p.se ?? 0), which: held });
  }
  for (const p of lc.plain ?? []) if (p.valid != null) rows.push({ rows: p.rows, y: p.valid, lo: p.valid - (p.se ?? 0), hi: p.valid + (p.se ?? 0), which: less });
  const last = lc.points[lc.points.length - 1];
  return {
    height: 280,
    label: `${m.label} by number of training rows; with all ${num(last?.rows)}: ${num(last?.train)} on rows learned from, ${num(last?.valid)} on rows held out`,
    spec: (t, w) => grown(rows, lc.plain?.length ? [held, seen, less] : [held, seen], w, t, m.label),
  };
}

/** Score of a booster after so many rounds, on rows held out and on rows it learned from. */
export function rounds(list: NonNullable<Diagnose["rounds"]>, metricName: string): Plot {
  const m = metric(metricName), rows: Row[] = [];
  const names = list.map((r, i) => label({ learner: r.learner, trial: r.trial }) + "\u200b".repeat(i));
  const kinds = ["rows held out", "rows it learned from"];
  list.forEach((r, k) => r.at.forEach((x, i) => [r.valid?.[i], r.train?.[i]].forEach((y, which) => {
    if (y != null) rows.push({ x, y, name: names[k], which: kinds[which], line: `${k} ${which}`, tip: `${names[k]}, ${kinds[which]}, round ${x}: ${num(y, 4)}` });
  })));
  return {
    height: 300,
    label: `${m.label} after each round of ${list.map((r) => r.learner).join(", ")}: ends at ${list.map((r) => num(r.valid?.[r.valid.length - 1], 3)).join(", ")} on rows held out`,
    spec: (t, w) => single(rows, w, 210, {
      layer: [{
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x: { field: "x", type: "quantitative", scale: { nice: false, zero: false }, axis: { title: "rounds (trees an output)", tickCount: 6, tickMinStep: 1, labelExpr: LABELS } },
          y: { field: "y", type: "quantitative", scale: { zero: false }, axis: { title: m.label, tickCount: 5, labelExpr: LABELS } },
          detail: { field: "line" },
          color: { field: "name", type: "nominal", title: null, scale: { domain: names, range: t.classes.slice(0, names.length) }, legend: { columns: w < 420 ? 1 : 3, symbolType: "stroke", symbolStrokeWidth: 3 } },
          strokeDash: { field: "which", type: "nominal", title: null, scale: { domain: kinds, range: [[1, 0], [4, 4]] }, legend: { columns: 2, symbolType: "stroke" } },
          tooltip: { field: "tip" },
        },
      }],
    }),
  };
}

function grown(rows: Row[], names: string[], w: number, t: Theme, title: string): Spec {
  const color = {
    field: "which", type: "nominal", title: null, scale: { domain: names, range: [t.accent, t.muted, t.second].slice(0, names.length) },
    legend: { columns: w < 420 ? 1 : 3, labelLimit: 240, symbolOpacity: 1 },
  };
  const x = { field: "rows", type: "quantitative", scale: { zero: false, padding: 10 }, axis: { title: "rows to learn from", labelExpr: LABELS, tickCount: 5 } };
  const y = { scale: { zero: false }, axis: { title, tickCount: 5, labelExpr: LABELS } };
  return single(rows, w, 200, {
    layer: [
      { mark: { type: "area", opacity: 0.13 }, encoding: { x, y: { field: "lo", type: "quantitative", ...y }, y2: { field: "hi" }, color } },
      { mark: { type: "line", point: { filled: true, size: 36 } }, encoding: { x, y: { field: "y", type: "quantitative", ...y }, color } },
    ],
  });
}
