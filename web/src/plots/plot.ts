// plot.ts -- what a plot is: a Vega-Lite specification made for a theme and a width, its height on the page before
// it is drawn, and the sentence that stands for it where it cannot be seen.
//
// Data never become field names or expressions: every field is one of ours, every value is inline data.  Order is given
// by the order of the rows or by scale.domain, never by sort: [values], which Vega-Lite turns into an expression.

import type { TopLevelSpec } from "vega-lite";
import type { Theme } from "./theme";

export type Row = Record<string, unknown>;
export type Spec = TopLevelSpec;

export interface Plot {
  /** Pixels the finished plot takes, near enough that the page does not jump. */
  height: number;
  label: string;
  spec(theme: Theme, width: number): Spec;
}

export function single(data: Row[], width: number, height: number, rest: Row): Spec {
  return {
    data: { values: data },
    width,
    height,
    autosize: { type: "fit-x", contains: "padding" },
    ...rest,
  } as unknown as Spec;
}

/** Labels of a number axis: 0.25, 1400, 12k, never 740m or 2e+2. */
export const LABELS =
  "abs(datum.value) >= 10000 ? format(datum.value, '~s') : abs(datum.value) < 1e-4 && datum.value != 0 ? format(datum.value, '~e') : format(datum.value, '~r')";

/** A few round numbers for a logarithmic axis from lo to hi. */
export function logTicks(lo: number, hi: number): number[] {
  const decades = Math.log10(hi / lo), steps = decades < 1.2 ? [1, 2, 5] : decades < 2.5 ? [1, 3] : [1], out: number[] = [];
  const skip = Math.max(1, Math.round(decades / 4));
  for (let e = Math.floor(Math.log10(lo)) - 1; e <= Math.log10(hi) + 1; e++) {
    if (steps.length === 1 && e % skip !== 0) continue;
    for (const s of steps) out.push(s * 10 ** e);
  }
  return out;
}
