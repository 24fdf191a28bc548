// plot.ts -- what a plot is: a Vega-Lite specification made for a theme and a width, its height on the page before
// it is drawn, and the sentence that stands for it where it cannot be seen.
//
// Data never become field names or expressions: every field below is one of ours, every value is inline data.

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

/** Number format for axes: 12k, 0.25. */
export const AXIS = "~s";

/** An axis format that suits numbers up to `max`: plain below 10,000. */
export function axisFormat(max: number): string {
  return Math.abs(max) >= 10000 ? "~s" : Math.abs(max) < 0.001 && max !== 0 ? "~e" : "~g";
}
