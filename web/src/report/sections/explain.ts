// explain.ts -- which variables decide, in which direction, and where the build is weak.

import type { Partial, Report } from "../../stages";
import { clip, count, metric, metricHigher, num } from "../../format";
import * as plot from "../../plots/explain";
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
        drops.length ? figure(plot.importance(drops.map((x) => ({ column: x.column, value: x.drop!, sd: x.sd })), `${higher ? "drop" : "rise"} of ${name} when shuffled`), "Permutation importance",
          "How much worse the score gets when the variable’s values are shuffled among rows (line: standard deviation over shuffles). A bar near 0: the build can do without it.") : null,
        shaps.length ? figure(plot.importance(shaps.map((x) => ({ column: x.column, value: x.shap! })), "mean |SHAP|"), "Average effect on an answer",
          "How far the variable moves a single answer on average, up or down (mean absolute Shapley value; log-odds for classes, the target’s unit for numbers).") : null,
      ),
      swarm.length ? figure(plot.beeswarm(swarm), "Effect on single rows",
        `One dot a row${d.shap?.about ? `; the answer looked at is ${clip(d.shap.about, 40)}` : ""}. Right of the line the variable’s value pushed the answer up, left down; colour is the value itself, blue low, orange high, grey for words. Orange to the right and blue to the left: more of it, higher answer.`, "wide") : null,
      partial.length ? h("h3", null, "How the answer follows one variable") : null,
      partial.length ? p("The thick line is the build’s mean answer when this variable alone is set to each value in turn (partial dependence); the thin lines are single rows (ICE). Thin lines that run side by side: the effect is the same for everybody. Lines that cross: it depends on other variables.") : null,
      figures(partial.map((x) => one(x, share))),
      missed.length ? absent("Left out:", missed) : null,
    ];
  },
};

function one(x: Partial, share: boolean): HTMLElement | null {
  const title = x.class ? `${clip(x.column, 40)} (probability of ${clip(x.class, 30)})` : clip(x.column, 50);
  return figure(plot.partial(x, x.class ? "probability" : share ? "probability" : "answer", share), title, null);
}

export const weakness: Section = {
  id: "weakness",
  title: "Where is it weak?",
  needs: ["diagnose"],
  body(r) {
    const d = r.stages.diagnose;
    const list = d?.slices ?? [];
    if (!d) return [absent("Weak spots were not looked for: this stage did not run.")];
    if (list.length === 0) return [absent("No group of rows stands out as worse than the rest.", d.skipped)];
    const name = metric(r.stages.benchmark?.metric ?? r.overview.metric?.name ?? d.metric).label;
    return [
      p("Groups of rows, found automatically, on which the build’s loss is higher than on all others. If such a group matters to you, more data or better variables for it are the way on; until then, treat answers there with care. ",
        b("p"), " says how easily chance alone would make such a group: small is serious."),
      table(["Where", "#Rows", `#${name}`, "#Loss here", "#Loss elsewhere", "#p"], list.map((s) => [clip(s.where, 120), count(s.n), num(s.score, 3), num(s.loss, 3), num(s.rest, 3), num(s.p, 2)]), { caption: "Weakest groups of rows" }),
    ];
  },
};
