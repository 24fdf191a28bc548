// index.ts -- the sections of the report, in order.

import type { Report, Stages } from "../../stages";
import { summary } from "./summary";
import { data, variables } from "./data";
import { preparation, features } from "./prepare";
import { leaderboard, tuning, ensemble } from "./learners";
import { quality } from "./quality";
import { explanation, fairness, weakness } from "./explain";
import { anomalies } from "./anomalies";
import { stages, use } from "./made";

export interface Section {
  id: string;
  title: string;
  /** The stages it shows.  On a page of single stages (leat visualize, leat diagnose) a section whose stages are absent is left out. */
  needs?: (keyof Stages)[];
  /** What the section shows; nothing at all leaves it out. */
  body(r: Report): (HTMLElement | null)[];
}

export const SECTIONS: Section[] = [
  summary, data, variables, preparation, features, leaderboard, tuning, ensemble, anomalies, quality, explanation, weakness, fairness, stages, use,
];
