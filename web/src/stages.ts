// stages.ts -- what the stages write, as doc/formats/stages.md says.  Anything may be absent: a stage may have been
// skipped or cut short, so readers ask before they draw.

export type Num = number | null;

export interface Stage {
  stage?: string;
  seconds?: number;
  summary?: string;
  skipped?: string[];
}

export interface Bin { lo: number; hi: number; count: number; mean?: Num; share?: Num[] }
export interface Level { value: string; count: number; mean?: Num; share?: Num[] }

export interface Column {
  name: string; type: string; role: string;
  count: number; missing: number; distinct?: number;
  mean?: Num; sd?: Num; min?: Num; q1?: Num; median?: Num; q3?: Num; max?: Num; skew?: Num;
  top?: Level[]; bins?: Bin[]; below?: number; above?: number; other?: Level | null; absent?: Level | null;
  association?: { kind: string; value: Num; strength?: Num } | null;
}

export interface Warning { kind: string; column?: string | null; text: string }

export interface Visualize extends Stage {
  rows: number; columns: number; rows_used?: number; target?: string | null; task?: string | null;
  classes?: string[]; positive?: string | null;
  missing_share?: Num; duplicates?: number; conflicts?: number;
  column?: Column[];
  correlation?: { names: string[]; matrix: Num[][]; kind?: string } | null;
  target_distribution?: { levels?: Level[]; bins?: Bin[]; missing?: number } | null;
  warnings?: Warning[];
}

export interface Preprocess extends Stage {
  features?: number;
  step?: { feature: string; kind: string; from: string[]; how: string }[];
  dropped?: { column: string; why: string }[];
  missing?: { column: string; share: number; how: string }[];
  encoded?: { column: string; levels: number; rare: number; how: string }[];
}

export interface TriedFeature {
  feature?: string; group?: string; from?: string[]; how?: string; n?: number;
  score?: Num; gain?: Num; se?: Num; kept?: boolean; why?: string;
}
export interface Engineer extends Stage {
  base_score?: Num; score?: Num; metric?: string; tried?: TriedFeature[]; features?: number;
}

export interface Tried {
  trial: number; learner: string; params?: Record<string, unknown>; score?: Num; se?: Num; fit_s?: Num; state?: string; why?: string;
}
export interface Select extends Stage {
  metric?: string; higher?: boolean; folds?: number; validation?: string; tried?: Tried[]; order?: string;
}
export interface Tune extends Select {
  history?: { trial: number; learner: string; stage?: string; score: Num; best: Num; at_s?: Num }[];
  from?: string;
}

export interface Entry {
  trial?: number; learner: string; params?: Record<string, unknown>; score?: Num; se?: Num; fold_score?: Num[];
  fit_s?: Num; predict_us_row?: Num; size_bytes?: Num; peak_bytes?: Num; pareto?: boolean; weight?: Num;
}
export interface Benchmark extends Stage {
  metric?: string; higher?: boolean; leaderboard?: Entry[];
  paired?: { a: number | string; b: number | string; difference: Num; se: Num; p: Num }[];
}

export interface Train extends Stage {
  members?: { trial?: number; learner: string; weight: number; parts?: number; scale?: Num }[];
  score?: Num; se?: Num; best_single?: { learner: string; score: Num } | null;
  greedy?: { round: number; score: Num }[];
  calibration?: { how?: string; scale?: Num; shift?: Num; logloss_before?: Num; logloss_after?: Num } | null;
  refit?: string; size_bytes?: Num; threshold?: Num;
}

export interface Partial {
  column: string; kind: string; grid: (number | string | null)[]; mean: Num[]; ice?: Num[][]; class?: string | null; rows?: number;
  ale?: { at: Num[]; effect: Num[]; n?: number[] } | null;
}
export interface Rates { precision: Num; recall: Num; f1: Num; support: Num }
export interface Cost {
  fp: number; fn: number; mean: Num[]; now: Num; best: { threshold: Num; value: Num; false_alarms?: Num; missed?: Num };
}
export interface Group {
  group: string; n: number; score?: Num; bias?: Num; accuracy?: Num; positives?: Num; selection_rate?: Num; tpr?: Num; fpr?: Num; compared?: boolean;
}
export interface Groups {
  column: string; class?: string; list: Group[]; score_difference?: Num; demographic_parity_difference?: Num; demographic_parity_ratio?: Num;
  equalized_odds_difference?: Num; equalized_odds_ratio?: Num; four_fifths?: boolean | null;
}
export interface Rounds { learner: string; trial?: number; first_end?: Num; at: number[]; valid: Num[]; train: Num[] }
export interface LearningPoint { rows: number; train: Num; train_se?: Num; valid: Num; se?: Num }
export interface Diagnose extends Stage {
  anomaly?: {
    threshold: number; flagged: number; histogram: Bin[]; detectors: string[]; agreement: Num[][];
    rows: { row: number; score: number; label?: string; why?: { column: string; value: number | string | null; share: number }[] }[];
  };
  on?: string; task?: string; target?: string; metric?: string; higher?: boolean; rows?: number; metrics?: Record<string, Num>; test?: Record<string, Num> | null;
  roc?: { class: string; auc: Num; fpr: number[]; tpr: number[] }[];
  pr?: { class: string; ap: Num; recall: number[]; precision: number[] }[];
  calibration?: { bins: { mean: Num; share: Num; n: number }[]; quantile_bins?: { mean: Num; share: Num; n: number }[]; ece?: Num; mce?: Num; brier?: Num;
    murphy?: { brier?: Num; reliability?: Num; resolution?: Num; uncertainty?: Num; within?: Num } | null;
  } | null;
  confusion?: { classes: string[]; matrix: number[][]; report?: (Rates & { class: string })[]; macro?: Rates; micro?: Rates; weighted?: Rates } | null;
  lift?: { share: number[]; gain: number[]; lift?: Num[]; ks?: Num; ks_at?: Num } | null;
  threshold?: {
    class?: string; now: Num; at: Num[]; flagged: Num[]; precision: Num[]; recall: Num[]; f1: Num[]; balanced_accuracy: Num[]; cost?: Cost[];
    best?: Record<string, { threshold: Num; value: Num; now: Num }>;
  } | null;
  conformal?: { kind?: string; levels: { level: number; coverage: Num; width: Num; n: number }[] } | null;
  groups?: Groups | null;
  rounds?: Rounds[];
  residuals?: {
    fitted: number[]; residual: number[]; qq?: { theory: number[]; sample: number[] };
    histogram?: { lo: number; hi: number; count: number }[]; mean?: Num; sd?: Num; interval?: { share: number; half: Num };
    breusch_pagan?: { lm: Num; p: Num; slope?: Num } | null;
  } | null;
  importance?: { column: string; drop?: Num; sd?: Num; p?: Num; shap?: Num }[];
  shuffles?: number;
  shap?: { about?: string; rows?: number; exact?: boolean; error?: Num; off?: Num; base?: Num; columns: { column: string; points: { value: number | string | null; phi: number }[] }[] } | null;
  partial?: Partial[];
  slices?: { where: string; n: number; score?: Num; loss?: Num; rest?: Num; p?: Num; p_adjusted?: Num }[];
  slices_looked_at?: Num;
  learning_curve?: { learner?: string; points: LearningPoint[]; plain?: LearningPoint[] } | null;
}

export interface Overview {
  build?: string; digest?: string; task?: string; target?: string;
  metric?: { name: string; direction?: string; value?: Num; se?: Num } | null;
  test?: Record<string, Num> | null;
  leaderboard?: Entry[];
  stages?: { name: string; seconds?: Num; summary?: string }[];
  warnings?: string[];
  wall_s?: Num;
  data?: string; rows?: number; columns?: number; version?: string;
}

export interface Stages {
  visualize?: Visualize; preprocess?: Preprocess; engineer?: Engineer; select?: Select;
  tune?: Tune; benchmark?: Benchmark; train?: Train; diagnose?: Diagnose;
}

export interface Report {
  title: string; subtitle: string; facts: { name: string; value: string }[];
  overview: Overview; stages: Stages;
}
