// dom.ts -- the page's building blocks.  Text only ever enters as text nodes, so that no name or value in the data can
// become markup.

import type { Plot } from "../plots/plot";
import { sentence } from "../format";
import { plots } from "./lazy";

export type Child = Node | string | number | null | undefined | false | Child[];

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attrs: Record<string, string | number | boolean | null | undefined> | null, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs ?? {})) {
    if (v === true) e.setAttribute(k, "");
    else if (v !== false && v != null) e.setAttribute(k, String(v));
  }
  add(e, children);
  return e;
}

export function add(e: Node, children: Child[]): void {
  for (const c of children) {
    if (c == null || c === false) continue;
    if (Array.isArray(c)) add(e, c);
    else e.appendChild(typeof c === "object" ? c : document.createTextNode(String(c)));
  }
}

export function p(...children: Child[]): HTMLElement { return h("p", null, ...children); }
export function b(...children: Child[]): HTMLElement { return h("strong", null, ...children); }
export function code(s: string): HTMLElement { return h("code", null, s); }

/** A plot with its title, and under it what one sees and what is good. */
export function figure(plot: Plot | null, title: Child, explain: Child, cls = ""): HTMLElement | null {
  if (!plot) return null;
  const place = h("div", { class: "plot", role: "img", "aria-label": plot.label });
  plots.add(place, plot);
  return h("figure", { class: cls }, title && h("h4", null, title), place, explain && h("figcaption", null, explain));
}

export function figures(...children: Child[]): HTMLElement | null {
  const e = h("div", { class: "figures" }, ...children);
  return e.childElementCount ? e : null;
}

export interface Head { label: string; num?: boolean }
export type Cell = Child;

/** A table that scrolls sideways by itself where it is too wide.  A string starting with # heads a column of numbers. */
export function table(heads: string[], rows: Cell[][], opt: { caption?: string; first?: boolean; mark?: (i: number) => boolean } = {}): HTMLElement {
  const numeric = heads.map((s) => s.startsWith("#"));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": opt.caption ?? heads.map((s) => s.replace(/^#/, "")).join(", ") },
    h("table", null,
      opt.caption && h("caption", null, opt.caption),
      h("thead", null, h("tr", null, heads.map((s, i) => h("th", { scope: "col", class: numeric[i] ? "n" : null }, s.replace(/^#/, ""))))),
      h("tbody", null, rows.map((r, i) => h("tr", { class: opt.mark?.(i) ? "mark" : null },
        r.map((c, k) => k === 0 && opt.first !== false
          ? h("th", { scope: "row" }, c)
          : h("td", { class: numeric[k] ? "n" : null }, c)))))));
}

export function more(summary: string, open: boolean, ...children: Child[]): HTMLElement {
  return h("details", { class: "more", open }, h("summary", null, summary), ...children);
}

/** Words with `code` in them. */
export function words(s: string): Child[] {
  return s.split("`").map((part, i) => (i % 2 ? code(part) : part));
}

/** The stage did not run, or says nothing about this: a sentence in its place. */
export function absent(what: string, skipped?: string[]): HTMLElement {
  return h("p", { class: "absent" }, what, what ? " " : "", (skipped ?? []).map((s) => [words(sentence(s)), " "]));
}

export function join(list: Child[], sep = ", "): Child[] {
  return list.flatMap((c, i) => (i ? [sep, c] : [c]));
}
