// index.ts -- the sections of the report, in order.

import type { Report } from "../../stages";
import { summary } from "./summary";
import { data, variables } from "./data";
import { preparation, features } from "./prepare";
import { leaderboard, tuning, ensemble } from "./learners";
import { quality } from "./quality";
import { explanation, weakness } from "./explain";
import { stages, use } from "./made";

export interface Section {
  id: string;
  title: string;
  /** What the section shows; nothing at all leaves it out. */
  body(r: Report): (HTMLElement | null)[];
}

export const SECTIONS: Section[] = [
  summary, data, variables, preparation, features, leaderboard, tuning, ensemble, quality, explanation, weakness, stages, use,
];
