// draw.ts -- turns specifications into SVG without eval: compile, parse to an expression tree, interpret.

import { View, parse, Error as VegaErrors } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import type { Config } from "vega-lite";
import type { Plot } from "./plot";
import { config, type Theme } from "./theme";

/** Draw into `where`, whatever was there before.  The view lives as long as the element shows it. */
export function draw(plot: Plot, where: HTMLElement, theme: Theme, width: number): View {
  const vega = compile(plot.spec(theme, width), { config: config(theme) as Config }).spec;
  const runtime = parse(vega, undefined, { ast: true });
  const view = new View(runtime, { renderer: "svg", expr: expressionInterpreter, logLevel: VegaErrors, hover: false });
  where.replaceChildren();
  view.initialize(where);
  view.run();
  return view;
}
