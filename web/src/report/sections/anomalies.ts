// anomalies.ts -- which rows are unlike the others, and how far the detectors agree.

import type { Report } from "../../stages";
import { count, num, percent } from "../../format";
import { correlation } from "../../plots/variables";
import * as plot from "../../plots/quality";
import { absent, b, figure, figures, p, table } from "../dom";
import type { Section } from "./index";

export const anomalies: Section = {
  id: "anomalies",
  title: "Which rows are unlike the others?",
  needs: ["diagnose"],
  body(r: Report) {
    const d = r.stages.diagnose, a = d?.anomaly;
    if (!d || !a) return [];
    const labelled = a.rows.some((row) => row.label != null);
    return [
      p("A row’s score is the share of the training rows that look less unusual, by detectors that did not see the row. ",
        b(`${count(a.flagged)} of ${count(d.rows ?? 0)} rows`), ` score ${num(a.threshold, 3)} or more and are called anomalies.`),
      figures(
        a.histogram.length ? figure(plot.histogram(a.histogram, "score"), "Scores of all rows",
          "Ordinary rows spread evenly by construction; where many rows pile up at the right end, the detectors agree on them.") : null,
        a.detectors.length > 1 ? figure(correlation(a.detectors, a.agreement), "How far the detectors agree",
          "Rank correlation of their scores. Detectors look at different things: low values are no fault, they are why several answer together.") : null,
      ),
      table(["#Row", "#Score", ...(labelled ? ["Label"] : []), "What sets it apart"], a.rows.map((row) => [
        count(row.row), num(row.score, 4), ...(labelled ? [row.label ?? "none"] : []),
        (row.why ?? []).map((w) => `${w.column} = ${w.value ?? "missing"}`).join(", ") || "nothing by itself",
      ]), { caption: `The ${a.rows.length} most unusual rows (of the file, from 1)` }),
      a.rows.length && !a.rows[0].why ? absent("There was no time to say what sets rows apart; “leat predict BUILD DATA --proba --explain” does.") : null,
      labelled && d.metrics?.auc != null ? p(`Judged by the labels: an anomaly scores higher than another row in ${percent(d.metrics.auc)} of the pairs.`) : null,
    ];
  },
};
