// prepare.ts -- what was done to the raw columns, and which new features were tried.

import type { Report } from "../../stages";
import { clip, count, metric, num, percent, score } from "../../format";
import * as plot from "../../plots/models";
import { absent, b, figure, h, more, p, table } from "../dom";
import type { Section } from "./index";

export const preparation: Section = {
  id: "preparation",
  title: "How the data was prepared",
  needs: ["preprocess"],
  body(r: Report) {
    const s = r.stages.preprocess;
    if (!s) return [absent("No preparation is recorded: this stage did not run.")];
    const out: (HTMLElement | null)[] = [
      p("Each treatment was learned from the training rows, is remembered in the build, and is applied to new rows exactly as here. A value that was never seen counts as missing; it never makes a prediction fail.",
        s.features != null ? [" The learners saw ", b(count(s.features)), " features."] : ""),
    ];
    if (s.encoded?.length) {
      out.push(h("h3", null, "Categories"), table(["Column", "#Levels", "#Rare", "How"], s.encoded.map((e) => [clip(e.column, 60), count(e.levels), count(e.rare), e.how])));
    }
    if (s.missing?.length) {
      out.push(h("h3", null, "Missing values"), table(["Column", "#Missing", "How"], s.missing.map((e) => [clip(e.column, 60), percent(e.share), e.how])));
    }
    if (s.dropped?.length) {
      out.push(h("h3", null, "Left out"), table(["Column", "Why"], s.dropped.map((e) => [clip(e.column, 60), e.why])));
    } else out.push(p("No column was left out."));
    if (s.step?.length) {
      out.push(more(`All ${count(s.step.length)} features, step by step`, false,
        table(["Feature", "Kind", "From", "How"], s.step.map((e) => [clip(e.feature, 60), e.kind, (e.from ?? []).map((f) => clip(f, 40)).join(", "), e.how]))));
    }
    if (s.skipped?.length) out.push(absent("", s.skipped));
    return out;
  },
};

export const features: Section = {
  id: "features",
  title: "Features tried and kept",
  needs: ["engineer"],
  body(r) {
    const s = r.stages.engineer;
    if (!s) return [absent("No new features were tried: this stage did not run.")];
    const tried = s.tried ?? [];
    const kept = tried.filter((f) => f.kept);
    if (tried.length === 0) return [absent("No new features were tried.", s.skipped)];
    const tested = tried.filter((f) => f.gain != null);
    const sorted = [...tried].sort((x, y) => Number(!!y.kept) - Number(!!x.kept) || (y.gain ?? -Infinity) - (x.gain ?? -Infinity));
    const from = s.base_score != null && s.score != null
      ? ` ${metric(s.metric).label} went from ${score(s.base_score)} to ${score(s.score)} on held-out rows.` : "";
    return [
      p(b(`${kept.length} of ${tried.length}`), ` ideas were kept.${from} An idea is kept only where it helps on rows that were not used to make it, so most are dropped: that is the rule working.`,
        s.features != null ? ` After this stage there are ${count(s.features)} features.` : ""),
      tested.length ? figure(plot.features(sorted.filter((f) => f.gain != null).slice(0, 30)), "What each idea gained",
        "The dot is the gain, the bar one standard error each way. Right of 0 is better. Blue was kept; grey was dropped, because its gain is no larger than chance.", "wide") : null,
      more("All ideas", false, table(["Feature", "From", "How", "#Features", "#Score", "#Gain", "#SE", "Kept"], sorted.map((f) => [
        clip(f.feature ?? f.group ?? "", 60), (f.from ?? []).map((x) => clip(x, 30)).join(", "), f.how ?? "", count(f.n), num(f.score), num(f.gain, 3), num(f.se, 2), f.kept ? "kept" : f.why ?? (f.gain == null ? "not tested" : "dropped"),
      ]))),
      s.skipped?.length ? absent("", s.skipped) : null,
    ];
  },
};
