// made.ts -- where the time went, and how to use the build.

import type { Report } from "../../stages";
import { num, seconds } from "../../format";
import { h, p, table } from "../dom";
import type { Section } from "./index";

const ORDER = ["visualize", "preprocess", "engineer", "select", "tune", "benchmark", "train", "diagnose"];

export const stages: Section = {
  id: "stages",
  title: "How it was made",
  needs: ["train"],
  body(r: Report) {
    const given = new Map((r.overview.stages ?? []).map((s) => [s.name, s]));
    const all = r.stages as Record<string, { seconds?: number; summary?: string } | undefined>;
    const rows = ORDER.map((name) => {
      const s = given.get(name), own = all[name];
      return { name, seconds: s?.seconds ?? own?.seconds ?? null, summary: s?.summary ?? own?.summary ?? (s || own ? "" : "did not run") };
    });
    const total = rows.reduce((t, s) => t + (s.seconds ?? 0), 0);
    const bar = (v: number | null): HTMLElement => {
      const m = h("meter", { min: 0, max: num(total, 6).replace(/,/g, "") || 1, value: v ?? 0, "aria-label": seconds(v) });
      return m;
    };
    return [
      p("Eight stages, each recorded with its results. Everything this page shows comes from them."),
      table(["Stage", "#Time", "Share", "What it did"], rows.map((s) => [s.name, seconds(s.seconds), bar(s.seconds), s.summary ?? ""]), { caption: "Stages" }),
      r.overview.wall_s != null ? p(`The whole run took ${seconds(r.overview.wall_s)}.`) : null,
    ];
  },
};

export const use: Section = {
  id: "use",
  title: "Use it",
  body(r) {
    const b = r.overview.build;
    if (!b) return [];
    const name = /^[A-Za-z0-9_.@/-]+$/.test(b) ? b : `'${b.replace(/'/g, "'\\''")}'`;
    const line = (does: string, cmd: string): HTMLElement => h("div", { class: "command" }, h("p", null, does), h("pre", { tabindex: 0 }, h("code", null, cmd)));
    return [
      p("New data may be any file with the same columns, in any order; extra columns are ignored."),
      line("Predict, one line a row:", `leat predict ${name} new.csv -o answers.csv`),
      r.overview.task !== "regression"
        ? line("With the probability of each class, and why:", `leat predict ${name} new.csv --proba --explain`)
        : line("With what moved each answer:", `leat predict ${name} new.csv --explain`),
      line("Examine it again, on new labelled data:", `leat diagnose ${name} labelled.csv -o report.html`),
      line("Take it elsewhere as one file:", `leat build export ${name} -o model.leat`),
      line("See every trial of the run that made it:", `leat build show ${name}`),
    ];
  },
};
