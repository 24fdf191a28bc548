// explain.ts -- which variables the build uses, and how.

import type { Num, Partial } from "../stages";
import { clip, num } from "../format";
import { LABELS, single, type Plot, type Row } from "./plot";

export function importance(list: { column: string; value: number; sd?: Num; p?: Num }[], title: string): Plot {
  const rows = list.map((r, i) => ({
    name: clip(r.column, 30) + "\u200b".repeat(i % 13), value: r.value, lo: r.value - (r.sd ?? 0), hi: r.value + (r.sd ?? 0),
    tip: `${r.column}: ${num(r.value, 3)}${r.sd ? ` ± ${num(r.sd, 2)}` : ""}${r.p != null ? `, p = ${num(r.p, 2)}` : ""}`,
  }));
  return {
    height: 24 * rows.length + 46,
    label: `${title}: ${list.slice(0, 8).map((r) => `${r.column} ${num(r.value, 2)}`).join(", ")}`,
    spec: (t, w) => single(rows, w, 24 * rows.length, {
      encoding: {
        y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: Math.min(170, w * 0.42), labelFontSize: 12, labelColor: t.ink, grid: false, labelOverlap: false } },
        tooltip: { field: "tip" },
      },
      layer: [
        { mark: { type: "bar", color: t.accent, height: { band: 0.5 } }, encoding: { x: { field: "value", type: "quantitative", axis: { title, grid: true, tickCount: 4, labelExpr: LABELS } } } },
        { mark: { type: "rule", color: t.ink, strokeWidth: 1 }, encoding: { x: { field: "lo", type: "quantitative" }, x2: { field: "hi" } } },
      ],
    }),
  };
}

/** One dot a row and variable: how far it moved the answer, coloured by the variable's value. */
export function beeswarm(columns: { column: string; points: { value: number | string | null; phi: number }[] }[]): Plot {
  const lane = 34;
  const names = columns.map((c, i) => clip(c.column, 26) + "\u200b".repeat(i % 13));
  const all = columns.flatMap((c) => c.points.map((p) => p.phi));
  const lo = Math.min(0, ...all), hi = Math.max(0, ...all), step = (hi - lo || 1) / 110;
  const rows: Row[] = [];
  columns.forEach((c, k) => {
    const known = c.points.map((p) => p.value).filter((v): v is number => typeof v === "number").sort((a, b) => a - b);
    const stack = new Map<number, number>();
    for (const p of c.points) {
      const bin = Math.round(p.phi / step), n = stack.get(bin) ?? 0;
      stack.set(bin, n + 1);
      const off = (n % 2 ? 1 : -1) * Math.ceil(n / 2);
      const rank = typeof p.value === "number" && known.length > 1 ? place(known, p.value) : -1;
      rows.push({
        name: names[k], phi: p.phi, off: Math.max(-9, Math.min(9, off)), rank,
        tip: `${c.column} = ${p.value == null ? "missing" : typeof p.value === "number" ? num(p.value) : clip(p.value, 40)}: ${num(p.phi, 3)}`,
      });
    }
  });
  return {
    height: lane * names.length + 84,
    label: `Effect of each variable on single rows, ${columns.length} variables, strongest first: ${columns.slice(0, 5).map((c) => c.column).join(", ")}`,
    spec: (t, w) => single(rows, w, lane * names.length, {
      layer: [
        { data: { values: [{}] }, mark: { type: "rule", color: t.muted }, encoding: { x: { datum: 0 } } },
        {
          mark: { type: "point", filled: true, size: 15, opacity: 0.75 },
          encoding: {
            x: { field: "phi", type: "quantitative", axis: { title: "moved the answer down ← → up", tickCount: 5, labelExpr: LABELS, grid: true } },
            y: { field: "name", type: "nominal", sort: null, scale: { domain: names }, title: null, axis: { labelLimit: Math.min(150, w * 0.36), labelFontSize: 12, labelColor: t.ink, grid: false, labelOverlap: false } },
            yOffset: { field: "off", type: "quantitative", scale: { domain: [-10, 10] } },
            color: {
              condition: {
                test: "datum.rank >= 0", field: "rank", type: "quantitative", title: null,
                scale: { domain: [0, 0.5, 1], range: [t.low, t.dark ? "#6f7a84" : "#b9c0c6", t.high], interpolate: "rgb" },
                legend: { orient: "top", direction: "horizontal", gradientLength: 120, gradientThickness: 8, values: [0, 1], labelExpr: "datum.value < 0.5 ? 'low value' : 'high value'" },
              },
              value: t.muted,
            },
            tooltip: { field: "tip" },
          },
        },
      ],
    }),
  };
}

/** Where v lies between low and high values, 0 to 1; the outer twentieths do not count. */
function place(sorted: number[], v: number): number {
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))];
  let lo = at(0.05), hi = at(0.95);
  if (hi <= lo) { lo = sorted[0]; hi = sorted[sorted.length - 1]; }
  return hi > lo ? Math.max(0, Math.min(1, (v - lo) / (hi - lo))) : 0.5;
}

/** The build's answer as one variable is changed and all else stays: the mean, and single rows behind it. */
export function partial(p: Partial, yTitle: string, share: boolean): Plot {
  const number = p.kind === "number";
  const name = (v: number | string | null, i: number): string => (v == null ? "missing" : clip(String(v), 24)) + "\u200b".repeat(i % 5);
  const rows: Row[] = [];
  const mean = p.grid.map((g, i) => ({ x: number ? g : name(g, i), y: p.mean[i], tip: `${p.column} = ${g == null ? "missing" : typeof g === "number" ? num(g) : g}: ${num(p.mean[i], 3)}` }))
    .filter((r) => r.y != null && (!number || r.x != null));
  (p.ice ?? []).slice(0, 40).forEach((line, k) => line.forEach((y, i) => {
    if (y != null && (!number || p.grid[i] != null)) rows.push({ x: number ? p.grid[i] : name(p.grid[i], i), y, k });
  }));
  const known = mean.map((r) => r.y as number);
  const ticks = share ? { format: ".0%" } : { labelExpr: LABELS };
  return {
    height: 252,
    label: `Partial dependence on ${p.column}: the mean answer goes from ${num(Math.min(...known), 3)} to ${num(Math.max(...known), 3)}`,
    spec: (t, w) => {
      const x = number
        ? { field: "x", type: "quantitative", scale: { zero: false, nice: false }, axis: { title: clip(p.column, 40), labelExpr: LABELS, tickCount: 5 } }
        : { field: "x", type: "nominal", sort: null, axis: { title: clip(p.column, 40), labelAngle: 0, labelLimit: 70, labelOverlap: "greedy" } };
      const y = { field: "y", type: "quantitative", scale: { zero: false }, axis: { title: yTitle, ...ticks, tickCount: 4 } };
      const layer: Row[] = [];
      if (number) {
        layer.push({ data: { values: rows }, mark: { type: "line", color: t.muted, opacity: 0.28, strokeWidth: 0.8 }, encoding: { x, y, detail: { field: "k" } } });
        layer.push({ mark: { type: "line", color: t.accent, strokeWidth: 3 }, encoding: { x, y, tooltip: { field: "tip" } } });
      } else {
        layer.push({ data: { values: rows }, mark: { type: "tick", color: t.muted, opacity: 0.3, thickness: 1 }, encoding: { x, y } });
        layer.push({ mark: { type: "point", filled: true, size: 90, color: t.accent, opacity: 1 }, encoding: { x, y, tooltip: { field: "tip" } } });
      }
      return single(mean, w, 186, { layer });
    },
  };
}

/** What changing the variable does, everything else as it is: centred single rows, and the effect accumulated from step to step. */
export function local(p: Partial, yTitle: string, share: boolean): Plot | null {
  const ale = p.ale;
  if (!ale?.at?.length) return null;
  const thin: Row[] = [];
  (p.ice ?? []).slice(0, 40).forEach((line, k) => {
    const from = line[0];
    if (from == null) return;
    line.forEach((y, i) => { if (y != null && typeof p.grid[i] === "number") thin.push({ x: p.grid[i], y: y - from, k, name: "single rows, from the left (c-ICE)" }); });
  });
  const first = ale.effect[0] ?? 0;
  const thick = ale.at.map((x, i) => ({ x, y: ale.effect[i] == null ? null : (ale.effect[i] as number) - first, tip: `${p.column} = ${num(x)}: ${num(ale.effect[i] == null ? null : (ale.effect[i] as number) - first, 3)} from the left end` }))
    .filter((r) => r.x != null && r.y != null);
  const ticks = share ? { format: "+.0%" } : { labelExpr: LABELS };
  return {
    height: 252,
    label: `Accumulated local effect of ${p.column}: from ${num(Math.min(...thick.map((r) => r.y as number)), 3)} to ${num(Math.max(...thick.map((r) => r.y as number)), 3)}`,
    spec: (t, w) => {
      const x = { field: "x", type: "quantitative", scale: { zero: false, nice: false }, axis: { title: clip(p.column, 40), labelExpr: LABELS, tickCount: 5 } };
      const y = { field: "y", type: "quantitative", axis: { title: yTitle, ...ticks, tickCount: 4 } };
      return single(thick as Row[], w, 186, {
        layer: [
          { data: { values: thin }, mark: { type: "line", color: t.muted, opacity: 0.28, strokeWidth: 0.8 }, encoding: { x, y, detail: { field: "k" } } },
          { data: { values: [{}] }, mark: { type: "rule", color: t.rule }, encoding: { y: { datum: 0 } } },
          { mark: { type: "line", color: t.second, strokeWidth: 3 }, encoding: { x, y, tooltip: { field: "tip" } } },
        ],
      });
    },
  };
}
