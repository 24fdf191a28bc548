// explain.ts -- which variables decide, in which direction, and where the build is weak.

import type { Diagnose, Groups, Num, Partial, Report } from "../../stages";
import { clip, count, metric, metricHigher, num, percent } from "../../format";
import * as plot from "../../plots/explain";
import { groups as plotGroups } from "../../plots/quality";
import { absent, b, figure, figures, h, p, table } from "../dom";
import type { Section } from "./index";

const BARS = 20;
const SWARM = 12;
/** Fewer rows make no picture. */
const SWARM_ROWS_MIN = 20;

export const explanation: Section = {
  id: "explanation",
  title: "What decides the answer?",
  needs: ["diagnose"],
  body(r: Report) {
    const d = r.stages.diagnose;
    if (!d) return [absent("Nothing was explained: this stage did not run.")];
    if (d.anomaly) return [];
    const id = r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric;
    const name = metric(id).label, higher = metricHigher(id);
    const imp = d.importance ?? [];
    const drops = imp.filter((x) => x.drop != null).sort((x, y) => y.drop! - x.drop!).slice(0, BARS);
    const shaps = imp.filter((x) => x.shap != null).sort((x, y) => y.shap! - x.shap!).slice(0, BARS);
    const swarm = (d.shap?.columns ?? []).filter((c) => (c.points?.length ?? 0) >= SWARM_ROWS_MIN).slice(0, SWARM);
    const missed = (d.skipped ?? []).filter((s) => /shap|partial|permutation|importance/i.test(s));
    const partial = d.partial ?? [];
    if (!drops.length && !shaps.length && !swarm.length && !partial.length) return [absent("Nothing was explained.", d.skipped)];
    const share = !!d.confusion || !!d.roc || r.overview.task === "binary" || r.overview.task === "multiclass" || (!!r.stages.visualize?.task && r.stages.visualize.task !== "regression");
    return [
      p("These plots tell what the build uses, not what causes what. Where two variables carry the same information, they share the credit."),
      figures(
        drops.length ? figure(plot.importance(drops.map((x) => ({ column: x.column, value: x.drop!, sd: x.sd, p: x.p })), `${higher ? "drop" : "rise"} of ${name} when shuffled`), "Permutation importance",
          "How much worse the score gets when the variable’s values are shuffled among rows (line: standard deviation over shuffles). A bar near 0: the build can do without it." + unsure(drops)) : null,
        shaps.length ? figure(plot.importance(shaps.map((x) => ({ column: x.column, value: x.shap! })), `mean |SHAP| (${share ? "log-odds" : d.target ? clip(d.target, 30) : "the target’s unit"})`), "Average effect on an answer",
          `How far the variable moves a single answer on average, up or down (mean absolute Shapley value; log-odds for classes, the target’s unit for numbers).${trust(d)}`) : null,
      ),
      swarm.length ? figure(plot.beeswarm(swarm), "Effect on single rows",
        `One dot a row${d.shap?.about ? `; the answer looked at is ${clip(d.shap.about, 40)}` : ""}. Right of the line the variable’s value pushed the answer up, left down; colour is the value itself, blue low, orange high, grey for words. Orange to the right and blue to the left: more of it, higher answer.`, "wide") : null,
      partial.length ? h("h3", null, "How the answer follows one variable") : null,
      partial.length ? p("The thick line is the build’s mean answer when this variable alone is set to each value in turn (partial dependence); the thin lines are single rows (ICE). Thin lines that run side by side: the effect is the same for everybody. Lines that cross: it depends on other variables. In the second plot all thin lines start at 0 (c-ICE), and the thick one adds up what small steps of the variable do to rows that really lie there (accumulated local effects, ALE): where it differs from the first plot, the variable moves together with others, and ALE is the one to believe.") : null,
      figures([...partial].sort((x, y) => pairs(y) - pairs(x)).flatMap((x) => one(x, share, d))),
      missed.length ? absent("Left out:", missed) : null,
    ];
  },
};

function one(x: Partial, share: boolean, d: Diagnose): (HTMLElement | null)[] {
  const title = x.class ? `${clip(x.column, 40)} (probability of ${clip(x.class, 30)})` : clip(x.column, 50);
  const unit = x.class || share ? "probability" : d.target ? `answer (${clip(d.target, 24)})` : "answer";
  return [figure(plot.partial(x, unit, share), title, null), figure(plot.local(x, `change of ${unit}`, share), `${clip(x.column, 40)}: its own effect`, null)];
}

/** Those with two plots come first, side by side. */
const pairs = (x: Partial): number => (x.ale?.at?.length ? 1 : 0);

/** Drops that chance could have made. */
function unsure(list: { drop?: Num; p?: Num }[]): string {
  const known = list.filter((x) => x.p != null), n = known.filter((x) => x.p! > 0.05 && x.drop !== 0).length;
  return known.length && n ? ` ${n === 1 ? "One variable’s drop" : `The drops of ${n} variables`} could be chance (p above 0.05 over the shuffles).` : "";
}

/** How the Shapley values were come by. */
function trust(d: Diagnose): string {
  const s = d.shap;
  if (!s || s.exact == null) return "";
  const how = s.exact ? " They are exact (TreeSHAP and linear)" : ` Members that are no trees and not linear are sampled${s.error != null ? `: a single value is off by about ${num(s.error, 2)}` : ""}`;
  return `${how}${s.off != null && s.off < 1e-4 ? ", and add up to the build’s margin" : ""}.`;
}

export const weakness: Section = {
  id: "weakness",
  title: "Where is it weak?",
  needs: ["diagnose"],
  body(r) {
    const d = r.stages.diagnose;
    const list = d?.slices ?? [];
    if (!d) return [absent("Weak spots were not looked for: this stage did not run.")];
    if (d.anomaly) return [];
    if (list.length === 0) return [absent("No group of rows stands out as worse than the rest.", d.skipped)];
    const name = metric(r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric).label;
    return [
      p("Groups of rows, found automatically, on which the build’s loss is higher than on all others. If such a group matters to you, more data or better variables for it are the way on; until then, treat answers there with care. ",
        b("p"), ` says how easily chance alone would make such a group: small is serious. It is Welch’s test, ${d.slices_looked_at ? `times the ${count(d.slices_looked_at)} groups that were looked at` : "as it is"}.`),
      table(["Where", "#Rows", `#${name}`, "#Loss here", "#Loss elsewhere", "#p"], list.map((s) => [clip(s.where, 120), count(s.n), num(s.score, 3), num(s.loss, 3), num(s.rest, 3), num(s.p_adjusted ?? s.p, 2)]), { caption: "Weakest groups of rows" }),
    ];
  },
};

/** Only where a column was named to group by. */
export const fairness: Section = {
  id: "fairness",
  title: "Is it the same for all groups?",
  needs: ["diagnose"],
  body(r) {
    const d = r.stages.diagnose, g = d?.groups;
    if (!d || !g?.list?.length) return [];
    const m = metric(r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric), binary = !!g.class;
    const few = g.list.some((x) => x.compared === false);
    return [
      p("Rows grouped by ", b(clip(g.column, 60)), binary ? `; selected means that the build says ${clip(g.class ?? "", 40)}. ` : ". ", binary ? summary(g) : g.score_difference != null ? `The ${m.label} of the groups differs by up to ${num(g.score_difference, 3)}.` : "",
        few ? " Groups of fewer than 20 rows are shown, but not compared." : ""),
      figure(plotGroups(g, m.label), binary ? "How often rows are selected, found, and flagged wrongly" : `${m.label} by group`,
        binary ? "Dots of one colour that lie apart mean that the groups are treated differently: selected, how often the build says yes; found, how many of the true cases get a yes; false alarms, how many of the others do. Groups may differ in truth as well, so a difference in selection alone is a question, not an answer." : null, "wide"),
      table(["Group", "#Rows", `#${m.label}`, ...(binary ? ["#Cases", "#Selected", "#Found (TPR)", "#False alarms (FPR)"] : [d.task === "regression" ? "#Mean of true − predicted" : "#Accuracy"])],
        g.list.map((x) => [clip(x.group, 60), count(x.n), num(x.score, 3), ...(binary ? [percent(x.positives), percent(x.selection_rate), percent(x.tpr), percent(x.fpr)] : [num(d.task === "regression" ? x.bias : x.accuracy, 3)])]), { caption: "Groups" }),
    ];
  },
};

const points = (v: number): string => `${num(100 * v, 3)} percentage points`;

function summary(g: Groups): string {
  const out: string[] = [];
  if (g.demographic_parity_difference != null) out.push(`Selection rates differ by up to ${points(g.demographic_parity_difference)} (demographic parity), the lowest being ${num(g.demographic_parity_ratio, 2)} of the highest${g.four_fifths == null ? "" : g.four_fifths ? ", within the four-fifths rule" : ": below the four fifths that are a usual bound"}`);
  if (g.equalized_odds_difference != null) out.push(`true or false positive rates differ by up to ${points(g.equalized_odds_difference)} (equalized odds)`);
  return out.length ? `${out.join("; ")}.` : "";
}
