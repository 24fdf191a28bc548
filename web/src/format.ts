// format.ts -- numbers and names as a person reads them.

import type { Num } from "./stages";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count: 17,379. */
export function count(v: Num | undefined): string {
  return v == null ? "–" : whole.format(v);
}

/** A measured number with about `digits` significant digits: 0.8417, 12,304, 3.1e-9. */
export function num(v: Num | undefined, digits = 4): string {
  if (v == null || !Number.isFinite(v)) return "–";
  const a = Math.abs(v);
  if (a === 0) return "0";
  if (a >= 1e12 || a < 1e-4) return v.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e").replace(/-/g, "−");
  const places = Math.max(0, Math.min(8, digits - 1 - Math.floor(Math.log10(a))));
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: places }).format(v).replace("-", "−");
}

/** A number printed to the same places as its uncertainty deserves. */
export function score(v: Num | undefined, se?: Num): string {
  if (v == null) return "–";
  if (se != null && se > 0) {
    const places = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(se))));
    return v.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", "−");
  }
  return num(v);
}

export function percent(v: Num | undefined, digits = 1): string {
  if (v == null) return "–";
  const p = 100 * v;
  if (p > 0 && p < 0.1) return "< 0.1 %";
  return p.toLocaleString("en-US", { maximumFractionDigits: p >= 10 ? Math.min(digits, 1) : digits }) + " %";
}

export function seconds(v: Num | undefined): string {
  if (v == null) return "–";
  if (v < 0.001) return "< 1 ms";
  if (v < 1) return `${Math.round(v * 1000)} ms`;
  if (v < 100) return `${num(v, 3)} s`;
  return `${Math.floor(v / 60)} min ${Math.round(v % 60)} s`;
}

export function micros(v: Num | undefined): string {
  if (v == null) return "–";
  return v < 1000 ? `${num(v, 3)} µs` : `${num(v / 1000, 3)} ms`;
}

export function bytes(v: Num | undefined): string {
  if (v == null) return "–";
  if (v < 1024) return `${v} B`;
  if (v < 1 << 20) return `${num(v / 1024, 3)} KiB`;
  if (v < 1 << 30) return `${num(v / (1 << 20), 3)} MiB`;
  return `${num(v / (1 << 30), 3)} GiB`;
}

/** Seconds since 1970 as a date, with the time only where `span` (seconds) is short. */
export function date(v: Num | undefined, span = Infinity): string {
  if (v == null) return "–";
  const d = new Date(v * 1000);
  if (Number.isNaN(d.getTime())) return "–";
  const iso = d.toISOString();
  return span < 3 * 86400 ? iso.slice(0, 16).replace("T", " ") : iso.slice(0, 10);
}

/** A sentence of a stage, which writes them without capital and full stop, as one of a page. */
export function sentence(s: string): string {
  const t = s.trim();
  return ended(t.charAt(0).toUpperCase() + t.slice(1));
}

/** The end of one. */
export function ended(s: string): string {
  return /[.!?]$/.test(s) ? s : s + ".";
}

export function clip(s: string, n: number): string {
  const points = Array.from(s);
  return points.length <= n ? s : points.slice(0, n - 1).join("") + "…";
}

export function params(p: Record<string, unknown> | undefined): string {
  if (!p) return "";
  return Object.entries(p).map(([k, v]) => `${k} ${typeof v === "number" ? num(v, 3) : String(v)}`).join(", ");
}

interface MetricWords { label: string; says: string; perfect: string; guess: string }
const METRICS: Record<string, MetricWords> = {
  average_precision: { label: "Average precision", says: "how many of the rows ranked first are cases, averaged over the cases", perfect: "1 is perfect", guess: "the share of cases is guessing" },
  auc: { label: "AUC", says: "the chance that a case of the class is ranked above a case that is not", perfect: "1 is perfect", guess: "0.5 is guessing" },
  logloss: { label: "log loss", says: "how surprised the predicted probabilities are by what happened", perfect: "0 is perfect", guess: "sure and wrong answers cost most" },
  accuracy: { label: "accuracy", says: "the share of rows whose class is predicted right", perfect: "1 is perfect", guess: "always naming the most frequent class is the bar to beat" },
  balanced_accuracy: { label: "balanced accuracy", says: "the share predicted right, each class counting the same", perfect: "1 is perfect", guess: "1 divided by the number of classes is guessing" },
  f1: { label: "F1", says: "the balance of how many cases are found and how many alarms are right", perfect: "1 is perfect", guess: "0 finds nothing" },
  rmse: { label: "RMSE", says: "the typical size of an error, large errors counting more, in the target's own unit", perfect: "0 is perfect", guess: "the target's standard deviation is what always answering the mean gives" },
  mae: { label: "MAE", says: "the average size of an error, in the target's own unit", perfect: "0 is perfect", guess: "smaller is better" },
  r2: { label: "R²", says: "the share of the target's variation that is explained", perfect: "1 is perfect", guess: "0 is always answering the mean" },
  mape: { label: "MAPE", says: "the average error as a share of the true value", perfect: "0 is perfect", guess: "smaller is better" },
};

export function metric(name: string | undefined): MetricWords {
  const known = name && Object.prototype.hasOwnProperty.call(METRICS, name) ? METRICS[name] : undefined;
  return known ?? { label: name ?? "score", says: "the score that was asked for", perfect: "", guess: "" };
}
export function metricHigher(name: string | undefined): boolean {
  return !["logloss", "rmse", "mae", "mape"].includes(name ?? "");
}
