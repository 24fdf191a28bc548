// learners.ts -- the leaderboard and the Pareto front, the search, the ensemble.

import type { Entry, Report } from "../../stages";
import { bytes, count, ended, metric, metricHigher, micros, num, params, score, seconds, sentence } from "../../format";
import * as plot from "../../plots/models";
import { absent, b, figure, figures, h, more, p, table, type Child } from "../dom";
import type { Section } from "./index";

const SHOWN = 15;
const TABLE_MAX = 60;

function metricOf(r: Report): { name: string; higher: boolean } {
  const s = r.stages;
  const name = s.benchmark?.metric ?? s.select?.metric ?? r.overview.metric?.name ?? "score";
  return { name, higher: s.benchmark?.higher ?? s.select?.higher ?? metricHigher(name) };
}

export function entries(r: Report): Entry[] {
  return r.stages.benchmark?.leaderboard ?? r.overview.leaderboard ?? [];
}

export const leaderboard: Section = {
  id: "leaderboard",
  title: "Leaderboard",
  needs: ["benchmark", "select"],
  body(r) {
    const list = entries(r), m = metricOf(r), words = metric(m.name), sel = r.stages.select;
    if (list.length === 0) return [absent("There is no leaderboard: no model was compared.", r.stages.benchmark?.skipped)];
    const build = r.stages.train ? { score: r.stages.train.score ?? null, se: r.stages.train.se ?? null } : null;
    const failed = [...(sel?.tried ?? []), ...(r.stages.tune?.tried ?? [])].filter((t) => t.state === "failed");
    const paired = r.stages.benchmark?.paired ?? [];
    const { near, far } = plot.nearBest(list, m.higher);
    return [
      p(b(count(list.length)), ` trials were compared by ${words.label}: ${words.says}. `, m.higher ? "Higher is better. " : "Lower is better. ",
        sel?.validation ? sentence(sel.validation) + " " : "", sel?.order ? sentence(sel.order) : ""),
      figure(plot.leaderboard(near.slice(0, SHOWN), m.name, build), near.length > SHOWN ? `The best ${SHOWN} trials` : far.length ? "The trials that compete" : "All trials",
        "The dot is the score on held-out rows; the thick bar is one standard error each way, the thin bar two. Trials whose thick bars overlap are hard to tell apart on this data: then choose the faster or smaller one." +
        (far.length ? ` Far behind, and therefore not drawn: ${far.slice(0, 5).map((e) => `${e.learner} (${score(e.score, e.se)})`).join(", ")}${far.length > 5 ? ` and ${far.length - 5} more` : ""}.` : ""), "wide"),
      h("h3", null, "What accuracy costs"),
      p("A trial is on the front (orange) when no other is both better and cheaper. Left and ", m.higher ? "up" : "down", " is where one wants to be; all cost scales are logarithmic."),
      trio(
        figure(plot.pareto(near, "fit_s", m.name, m.higher), "Fit time", null),
        figure(plot.pareto(near, "predict_us_row", m.name, m.higher), "Scoring time a row", null),
        figure(plot.pareto(near, "size_bytes", m.name, m.higher), "Size", null),
      ),
      more(list.length > TABLE_MAX ? `The best ${TABLE_MAX} of ${count(list.length)} trials as a table` : "All trials as a table", list.length <= 12, board(list.slice(0, TABLE_MAX), words.label)),
      paired.length ? more("Is the best really better? Paired comparisons", false,
        p("Both are compared on the very same held-out rows, which cancels what makes rows hard for everybody. A small p says that the difference is unlikely to be chance; above 0.05, take them for equals."),
        table(["Best", "Against", "#Difference", "#SE", "#p"], paired.map((d) => [trialName(d.a, list), trialName(d.b, list), num(d.difference, 3), num(d.se, 2), num(d.p, 2)]))) : null,
      failed.length ? more(failed.length === 1 ? "1 trial failed" : `${failed.length} trials failed`, false, h("ul", null, failed.map((f) => h("li", null, `trial ${f.trial}, ${f.learner}${f.why ? `: ${f.why}` : ""}`)))) : null,
    ];
  },
};

function trio(...list: (HTMLElement | null)[]): HTMLElement | null {
  const box = figures(...list);
  box?.classList.add("trio");
  return box;
}

function trialName(id: number | string, list: Entry[]): string {
  const e = list.find((x) => x.trial === id);
  return e ? `${e.learner} · ${e.trial}` : String(id);
}

function board(list: Entry[], label: string): HTMLElement {
  return table(["Trial", `#${label}`, "#± SE", "#Fit", "#Scoring a row", "#Size", "#Memory", "Front", "Parameters"], list.map((e): Child[] => [
    e.trial != null ? `${e.learner} · ${e.trial}` : e.learner, score(e.score, e.se), num(e.se, 2), seconds(e.fit_s), micros(e.predict_us_row), bytes(e.size_bytes),
    bytes(e.peak_bytes), e.pareto ? "●" : "", h("span", { class: "params" }, params(e.params)),
  ]), { caption: "Leaderboard" });
}

export const tuning: Section = {
  id: "tuning",
  title: "Tuning",
  needs: ["tune"],
  body(r) {
    const s = r.stages.tune;
    if (!s) return [absent("Nothing was tuned: this stage did not run.")];
    const f = plot.history({ ...s, metric: s.metric ?? metricOf(r).name, higher: s.higher ?? metricOf(r).higher });
    if (!f) return [absent("Nothing was tuned.", s.skipped)];
    const tried = s.tried ?? [];
    return [
      p(b(count(tried.length || s.history?.length)), (tried.length || s.history?.length) === 1 ? " setting was tried. " : " settings were tried. ", s.from ? (/^the search/i.test(s.from) ? sentence(s.from) : `The search started from ${ended(s.from)}`) : ""),
      figure(f, "Search history", "Each dot is one trial, hollow where it was a first try of a learner; the line is the best so far. A line that has been flat for long says that more searching would bring little; one still moving at the end says that more time may help.", "wide"),
      tried.length ? more("Every setting tried", false, table(["Trial", "#Score", "#± SE", "#Fit", "State", "Parameters"], tried.slice(0, 200).map((t) => [
        `${t.learner} · ${t.trial}`, score(t.score, t.se), num(t.se, 2), seconds(t.fit_s), t.state ?? "", h("span", { class: "params" }, params(t.params)),
      ]))) : null,
      s.skipped?.length ? absent("", s.skipped) : null,
    ];
  },
};

export const ensemble: Section = {
  id: "ensemble",
  title: "The build: an ensemble",
  needs: ["train"],
  body(r) {
    const s = r.stages.train, m = metricOf(r);
    if (!s) return [absent("There is no build: training did not run.")];
    const members = s.members ?? [];
    const c = s.calibration;
    const better = s.best_single?.score != null && s.score != null;
    return [
      p("The build answers with a weighted average of ", b(members.length === 1 ? "one model" : `${members.length} models`), r.overview.task === "anomaly" ? ": all detectors that ended, alike." : ", chosen one by one for what each adds to the others on held-out rows.",
        better ? ` Together they reach ${score(s.score, s.se)}; the best single model, ${s.best_single!.learner}, reaches ${score(s.best_single!.score, s.se)}.` : "",
        s.size_bytes ? ` The build file takes ${bytes(s.size_bytes)}.` : "", s.refit ? ` Refit on all rows: ${ended(s.refit)}` : ""),
      figures(
        members.length ? figure(plot.weights([...members].sort((x, y) => y.weight - x.weight).slice(0, 20).map((x) => ({ name: x.trial != null ? `${x.learner} · ${x.trial}` : x.learner, weight: x.weight }))),
          "Weights", "How much each model counts. Different kinds of learners side by side are a good sign: they make different mistakes, which cancel.") : null,
        (s.greedy?.length ?? 0) > 1 ? figure(plot.greedy(s.greedy!, m.name), "Score as members join", "Each round adds the model that helps most (a model may be added again, which raises its weight). The curve flattens when no model adds anything new.") : null,
      ),
      c && c.how ? p(h("strong", null, "Calibration. "), sentence(c.how),
        c.logloss_before != null && c.logloss_after != null ? ` Log loss ${num(c.logloss_before)} before, ${num(c.logloss_after)} after: probabilities ${c.logloss_after < c.logloss_before - 1e-9 ? "became more honest" : "were honest already"}.` : "") : null,
      s.threshold != null && r.overview.task !== "regression" && r.overview.task !== "anomaly" ? p(h("strong", null, "Threshold. "), `A row is given the positive class from a probability of ${num(s.threshold, 3)}.`) : null,
      s.skipped?.length ? absent("", s.skipped) : null,
    ];
  },
};
