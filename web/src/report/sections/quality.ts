// quality.ts -- how good the answers are: curves, errors, calibration.

import type { Diagnose, Rates, Report } from "../../stages";
import { clip, count, metric, num, percent, score } from "../../format";
import { learningCurve, rounds } from "../../plots/models";
import * as plot from "../../plots/quality";
import { absent, b, figure, figures, h, more, p, table } from "../dom";
import type { Section } from "./index";

export const quality: Section = {
  id: "quality",
  title: "How good are the answers?",
  needs: ["diagnose"],
  body(r: Report) {
    const d = r.stages.diagnose;
    if (!d) return [absent("The build was not examined: this stage did not run. “leat diagnose BUILD” does it.")];
    if (d.anomaly && Object.keys(d.metrics ?? {}).length === 0) return [];
    return [
      p("Everything here is measured on ", b(where(d)), d.rows ? ` (${count(d.rows)} rows)` : "", ", by models that did not see these rows while learning."),
      metrics(d, r),
      ...classes(d),
      ...decisions(d),
      ...numbers(d, r),
      intervals(d),
      course(r, d),
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
      `Rows grouped by predicted probability, against how often it happened; the bars are two standard errors, the dots' size the number of rows. On the dashed line the probabilities can be taken at their word; below it they promise too much.${gaps(d)}`) : null,
    d.lift?.share?.length ? figure(plot.gain(d.lift), "Gain: how far down the list must one go?",
      `Sort rows by score, work from the top: the curve is the share of all cases found. ${gainAt(d.lift)} The dashed line is a random order.`) : null,
    d.lift?.lift?.length ? figure(plot.lift(d.lift.lift), "Lift: how rich is each tenth of the list?",
      `Share of cases in each tenth, as a multiple of the share overall (dashed). It should fall from left to right.${d.lift.ks != null ? ` KS ${num(d.lift.ks, 3)}: the largest distance between the share of cases and the share of others that are flagged, at threshold ${num(d.lift.ks_at, 3)}.` : ""}`) : null,
  ));
  out.push(report(d));
  return out;
}

function gaps(d: Diagnose): string {
  const c = d.calibration, m = c?.murphy, out: string[] = [];
  if (c?.ece != null) out.push(`Average gap (ECE): ${percent(c.ece)}`);
  if (c?.mce != null) out.push(`largest (MCE): ${percent(c.mce)}`);
  if (c?.brier != null) out.push(`Brier score ${num(c.brier)}`);
  const parts = m?.reliability != null
    ? ` ${d.task === "multiclass" ? "Of the class said, the Brier score" : "It"} is reliability ${num(m.reliability, 2)} (0 is best) less resolution ${num(m.resolution, 2)} (more is better) plus uncertainty ${num(m.uncertainty, 2)} (of the data)${m.within != null && Math.abs(m.within) >= 5e-5 ? `, and ${num(m.within, 2)} inside the groups` : ""}.` : "";
  return out.length ? ` ${out.join(", ")}.${parts}` : "";
}

/** Precision, recall and F1 of each class, and their means. */
function report(d: Diagnose): HTMLElement | null {
  const c = d.confusion;
  if (!c?.report?.length) return null;
  const row = (name: string, r?: Rates): (string | number)[][] => (r ? [[name, num(r.precision, 3), num(r.recall, 3), num(r.f1, 3), count(r.support)]] : []);
  return more("Precision, recall and F1 by class", c.report.length <= 6, table(["Class", "#Precision", "#Recall", "#F1", "#Rows"], [
    ...c.report.flatMap((r) => row(clip(r.class, 60), r)), ...row("macro mean (classes count the same)", c.macro), ...row("micro mean (rows count the same)", c.micro), ...row("weighted mean (by rows)", c.weighted),
  ], { caption: "Precision, recall and F1 by class" }));
}

/** Which threshold to take. */
function decisions(d: Diagnose): (HTMLElement | null)[] {
  const t = d.threshold;
  if (!t?.at?.length) return [];
  const cost = t.cost ?? [];
  const best = (k: string, name: string): string => {
    const x = t.best?.[k];
    return x?.value == null ? "" : `${name} is best at ${num(x.threshold, 3)}: ${num(x.value, 3)}${x.now != null ? ` (now ${num(x.now, 3)})` : ""}. `;
  };
  return [
    h("h3", null, "Where to draw the line"),
    figures(
      figure(plot.thresholds(t), "What each threshold would do",
        `A row is called ${clip(t.class ?? "a case", 40)} when its probability is at least the threshold; the dashed line is the build’s, ${num(t.now, 3)}. ${best("f1", "F1")}${best("balanced_accuracy", "Balanced accuracy")}The best ones are chosen on the same rows, so expect a little less.`),
      cost.length ? figure(plot.costs(cost, t.at, t.now), "What mistakes cost",
        `Mean cost of a row when a false alarm and a missed case cost as much as the legend says; dots are the cheapest thresholds. ${cost.length === 1 ? `At best ${num(cost[0].best.value, 3)} a row with ${count(cost[0].best.false_alarms)} false alarms and ${count(cost[0].best.missed)} missed, at threshold ${num(cost[0].best.threshold, 3)}; now ${num(cost[0].now, 3)}.` : "“leat diagnose BUILD --cost 1:8” draws it for your own prices."}`) : null,
    ),
  ];
}

/** Do intervals, or sets of classes, hold what they promise? */
function intervals(d: Diagnose): HTMLElement | null {
  const list = d.conformal?.levels ?? [];
  if (!list.length) return null;
  const sets = d.conformal?.kind === "sets";
  return h("div", null, h("h3", null, sets ? "Sets of classes that hold the truth" : "Intervals that hold the truth"),
    p(sets ? "“leat predict --intervals 0.9” tells for each row the classes that may be true. A set of one class is a sure answer; larger sets say that the build cannot tell them apart."
      : `“leat predict --intervals 0.9” tells for each row between which values the truth lies. ${d.conformal?.kind === "intervals of one width" ? "All rows have intervals of one width: it was tried whether errors grow with the answer, and they do not, or not enough." : "They are wider where the build’s errors are larger: width follows the answer."}`),
    table(["Asked for", "#Held", sets ? "#Classes in a set (mean)" : `#Width (mean${inUnit(d)})`, "#Rows"],
      list.map((x) => [percent(x.level, 0), percent(x.coverage), num(x.width, 3), count(x.n)]), { caption: "Coverage of intervals" }));
}

const inUnit = (d: Diagnose): string => (d.target ? `, in units of ${clip(d.target, 30)}` : "");

/** Boosters on their way. */
function course(r: Report, d: Diagnose): HTMLElement | null {
  const list = (d.rounds ?? []).filter((x) => (x.at?.length ?? 0) > 1);
  if (!list.length) return null;
  const name = r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric ?? "score";
  return h("div", null, figure(rounds(list, name), "How the boosters learned, round by round",
    "Whole lines: rows that their fold held out; dashed: rows they learned from. A whole line that has become flat has learned enough; one that turns back would have learned by heart, and ends are chosen before that. A fold that ended earlier keeps its last model to the end of the line.", "wide"));
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

function numbers(d: Diagnose, r: Report): (HTMLElement | null)[] {
  const x = d.residuals;
  if (!x) return [];
  const name = d.target ?? r.overview.target ?? r.stages.visualize?.target, unit = name ? `(${clip(name, 24)})` : "";
  const bp = x.breusch_pagan;
  const even = bp?.p == null ? "" : bp.p < 0.05
    ? ` The errors ${(bp.slope ?? 0) > 0 ? "grow" : "shrink"} with the predicted value (Breusch-Pagan p ${num(bp.p, 2)}).` : ` Their size does not depend on the predicted value (Breusch-Pagan p ${num(bp.p, 2)}).`;
  return [figures(
    x.fitted?.length ? figure(plot.residuals(x.fitted, x.residual, unit), "Errors against the prediction", `Each dot is a row: true minus predicted. A formless band around 0 is good. A bow says that something systematic is missed; a funnel that large values are less certain.${even}`) : null,
    x.histogram?.length ? figure(plot.histogram(x.histogram, `true − predicted ${unit}`), "Size of the errors", `Narrow and centred on 0 is good. A second hump hints at a group of rows that is treated wrongly.${x.interval?.half != null ? ` ${percent(x.interval.share, 0)} of the errors are within ± ${num(x.interval.half, 3)}; expect the same of new rows of this kind.` : ""}`) : null,
    x.qq?.theory?.length ? figure(plot.qq(x.qq.theory, x.qq.sample, unit), "Are extreme errors more frequent than they should be?", "On the dashed line errors behave like normal noise. Ends that bend away mean rare, very large errors: plan for them.") : null,
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
    `Score when learning from only a part of the rows, with one standard error.${lc.plain?.length ? " The third line leaves out the features that were engineered from others: what lies between is their worth." : ""} The gap between the two curves is what is learned by heart and does not carry over.${verdict} With all rows: ${score(last.valid, last.se)} held out.`, "wide"));
}
