// quality.ts -- how good the answers are: curves, errors, calibration.

import type { Diagnose, Report } from "../../stages";
import { clip, count, metric, num, percent, score } from "../../format";
import { learningCurve } from "../../plots/models";
import * as plot from "../../plots/quality";
import { absent, b, figure, figures, h, p, table } from "../dom";
import type { Section } from "./index";

export const quality: Section = {
  id: "quality",
  title: "How good are the answers?",
  needs: ["diagnose"],
  body(r: Report) {
    const d = r.stages.diagnose;
    if (!d) return [absent("The build was not examined: this stage did not run. “leat diagnose BUILD” does it.")];
    return [
      p("Everything here is measured on ", b(where(d)), d.rows ? ` (${count(d.rows)} rows)` : "", ", by models that did not see these rows while learning."),
      metrics(d, r),
      ...classes(d),
      ...numbers(d),
      learning(r, d),
      d.skipped?.length ? absent("Left out:", d.skipped) : null,
    ];
  },
};

function where(d: Diagnose): string {
  return d.on === "out of fold" || !d.on ? "the training data, out of fold" : d.on === "test" ? "the test rows" : d.on;
}

function metrics(d: Diagnose, r: Report): HTMLElement | null {
  const names = Object.keys(d.metrics ?? {});
  if (names.length === 0) return null;
  const test = d.test ?? r.overview.test;
  return table(["Measure", "#Held-out rows", ...(test ? ["#Test rows"] : []), "What it is"], names.map((k) => {
    const m = metric(k);
    return [m.label, num(d.metrics![k]), ...(test ? [num(test[k])] : []), `${m.says}${m.perfect ? ` (${m.perfect})` : ""}`];
  }), { caption: "Measures" });
}

function classes(d: Diagnose): (HTMLElement | null)[] {
  const out: (HTMLElement | null)[] = [];
  const bins = d.calibration?.bins ?? [];
  let confusion: HTMLElement | null = null;
  const prior = d.confusion ? rowShare(d.confusion.matrix) : null;
  if (d.confusion) {
    const few = d.confusion.classes.length <= 6;
    confusion = figure(plot.confusion(d.confusion.classes, d.confusion.matrix), "Confusion: what was true, what the build said",
      ["Rows are what was true, columns what the build said. The diagonal holds the right answers; shares are of the row, so a dark diagonal is good. ", worst(d.confusion)], few ? "" : "wide");
    if (!few) { out.push(confusion); confusion = null; }
  }
  out.push(figures(
    confusion,
    d.roc?.length ? figure(plot.roc(d.roc), "ROC: finding cases against false alarms",
      `Moving along the curve lowers the bar for calling a row a case. The more it bulges to the upper left, the better; the dashed line is guessing. Area under it: ${d.roc.length === 1 ? num(d.roc[0].auc, 4) : "see the legend"}.`) : null,
    d.pr?.length ? figure(plot.pr(d.pr), "Precision and recall",
      `How many flags are right (up) when a given share of the cases is found (right). High and flat is good.${d.pr.length === 1 && prior != null ? ` Flagging at random would give ${percent(prior)} throughout.` : ""}`) : null,
    bins.length ? figure(plot.calibration(bins, `Calibration in ${bins.length} bins`), "Calibration: do 70 % mean 70 %?",
      `Rows grouped by predicted probability, against how often it happened; the bars are two standard errors, the dots' size the number of rows. On the dashed line the probabilities can be taken at their word; below it they promise too much.${d.calibration?.ece != null ? ` Average gap: ${percent(d.calibration.ece)}.` : ""}${d.calibration?.brier != null ? ` Brier score ${num(d.calibration.brier)}.` : ""}`) : null,
    d.lift?.share?.length ? figure(plot.gain(d.lift), "Gain: how far down the list must one go?",
      `Sort rows by score, work from the top: the curve is the share of all cases found. ${gainAt(d.lift)} The dashed line is a random order.`) : null,
  ));
  return out;
}

function rowShare(m: number[][]): number | null {
  if (m.length !== 2) return null;
  const total = m.flat().reduce((a, x) => a + x, 0);
  return total ? (m[1][0] + m[1][1]) / total : null;
}

function worst(c: { classes: string[]; matrix: number[][] }): string {
  let best = 0, i = -1, j = -1;
  c.matrix.forEach((row, a) => row.forEach((v, k) => { if (a !== k && v > best) { best = v; i = a; j = k; } }));
  return i < 0 ? "There is no mistake." : `The most frequent mistake: ${count(best)} ${best === 1 ? "row" : "rows"} of ${clip(c.classes[i], 40)} called ${clip(c.classes[j], 40)}.`;
}

function gainAt(l: { share: number[]; gain: number[] }): string {
  const i = l.share.findIndex((s) => s >= 0.2);
  return i < 0 ? "" : `The top ${percent(l.share[i], 0)} of the list holds ${percent(l.gain[i], 0)} of the cases.`;
}

function numbers(d: Diagnose): (HTMLElement | null)[] {
  const x = d.residuals;
  if (!x) return [];
  return [figures(
    x.fitted?.length ? figure(plot.residuals(x.fitted, x.residual), "Errors against the prediction", "Each dot is a row: true minus predicted. A formless band around 0 is good. A bow says that something systematic is missed; a funnel that large values are less certain.") : null,
    x.histogram?.length ? figure(plot.histogram(x.histogram, "true − predicted"), "Size of the errors", `Narrow and centred on 0 is good. A second hump hints at a group of rows that is treated wrongly.${x.interval?.half != null ? ` ${percent(x.interval.share, 0)} of the errors are within ± ${num(x.interval.half, 3)}; expect the same of new rows of this kind.` : ""}`) : null,
    x.qq?.theory?.length ? figure(plot.qq(x.qq.theory, x.qq.sample), "Are extreme errors more frequent than they should be?", "On the dashed line errors behave like normal noise. Ends that bend away mean rare, very large errors: plan for them.") : null,
  )];
}

function learning(r: Report, d: Diagnose): HTMLElement | null {
  const lc = d.learning_curve;
  if (!lc || (lc.points?.length ?? 0) < 2) return null;
  const name = r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric ?? "score";
  const last = lc.points[lc.points.length - 1], before = lc.points[lc.points.length - 2];
  const moved = last.valid != null && before.valid != null ? Math.abs(last.valid - before.valid) : null;
  const se = last.se ?? 0;
  const verdict = moved == null ? "" : moved > 2 * se && se > 0 ? " The curve for held-out rows is still moving: more rows would probably help." : " The curve for held-out rows has nearly flattened: more rows of the same kind would help little; better variables might.";
  return h("div", null, figure(learningCurve(lc, name), `Would more data help?${lc.learner ? ` (learning curve of ${lc.learner})` : ""}`,
    `Score when learning from only a part of the rows, with one standard error. The gap between the two curves is what is learned by heart and does not carry over.${verdict} With all rows: ${score(last.valid, last.se)} held out.`, "wide"));
}
