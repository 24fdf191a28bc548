// theme.ts -- the colours and letters of all plots.  One accent for what matters, greys for the rest, a second
// colour for contrast; more hues only where classes must be told apart.

export interface Theme {
  dark: boolean;
  ink: string; muted: string; rule: string; grid: string; page: string;
  bar: string; accent: string; accentSoft: string; second: string;
  classes: string[]; low: string; mid: string; high: string;
}

export const LIGHT: Theme = {
  dark: false,
  ink: "#1c2126", muted: "#5a646e", rule: "#c9d0d6", grid: "#e9edf0", page: "#ffffff",
  bar: "#c6ced6", accent: "#0a6a8a", accentSoft: "#8fc3d5", second: "#b8521b",
  classes: ["#0a6a8a", "#b8521b", "#6a7682", "#8a6aa8", "#3f8f5f", "#c39a2b", "#a44a6b", "#4b62b0", "#7a5c3e", "#b0b8bf"],
  low: "#0a6a8a", mid: "#f4f5f6", high: "#b8521b",
};

export const DARK: Theme = {
  dark: true,
  ink: "#e6eaed", muted: "#9ca7b1", rule: "#3a444d", grid: "#252d34", page: "#14181c",
  bar: "#4a5661", accent: "#5bb8d8", accentSoft: "#2f6a80", second: "#eb9b62",
  classes: ["#5bb8d8", "#eb9b62", "#9ca7b1", "#b79ad6", "#7fc79a", "#dfc063", "#dc8aa8", "#8fa2e8", "#b89a7c", "#5d6872"],
  low: "#5bb8d8", mid: "#20262c", high: "#eb9b62",
};

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** The Vega-Lite configuration of a theme. */
export function config(t: Theme): Record<string, unknown> {
  return {
    background: null,
    font: FONT,
    padding: { left: 2, right: 16, top: 6, bottom: 2 },
    view: { stroke: null },
    aria: false,
    axis: {
      labelColor: t.muted, titleColor: t.muted, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal",
      domainColor: t.rule, tickColor: t.rule, gridColor: t.grid, tickSize: 4, labelPadding: 4, titlePadding: 8,
      labelOverlap: "greedy",
    },
    axisX: { grid: false },
    axisY: { domain: false, ticks: false, grid: true },
    legend: {
      labelColor: t.muted, titleColor: t.muted, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal",
      orient: "top", symbolType: "circle", symbolSize: 70, labelLimit: 160, offset: 8,
    },
    title: { color: t.ink, fontSize: 12, fontWeight: 600, anchor: "start", offset: 8 },
    bar: { color: t.bar },
    line: { color: t.accent, strokeWidth: 2 },
    point: { color: t.accent, filled: true, opacity: 1, size: 40 },
    rule: { color: t.rule },
    text: { color: t.ink, fontSize: 11 },
    range: { category: t.classes },
  };
}
