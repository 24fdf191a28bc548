// main.ts -- reads the results that lie in the page as JSON and lays out the report.

import type { Report, Stages } from "../stages";
import { h } from "./dom";
import { plots } from "./lazy";
import { SECTIONS, type Section } from "./sections";

function read(id: string): unknown {
  const e = document.getElementById(id);
  return e?.textContent ? JSON.parse(e.textContent) : null;
}

function load(): Report {
  const head = read("leat-report") as Omit<Report, "stages"> | null;
  const stages = (read("leat-stages") ?? {}) as Stages;
  return {
    title: head?.title ?? "Report", subtitle: head?.subtitle ?? "", facts: head?.facts ?? [],
    overview: head?.overview ?? {}, stages,
  };
}

function render(s: Section, r: Report): HTMLElement | null {
  let body: (Node | null)[];
  try {
    body = s.body(r);
  } catch (why) {
    body = [h("p", { class: "absent" }, `This section could not be drawn: ${why instanceof Error ? why.message : String(why)}`)];
  }
  const shown = body.filter((n): n is Node => n != null);
  if (shown.length === 0) return null;
  return h("section", { id: s.id, "aria-labelledby": `${s.id}-title` },
    h("h2", { id: `${s.id}-title` }, s.title), ...shown);
}

function themeButton(): HTMLElement {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let choice: string | null = null;
  try { choice = localStorage.getItem("leat-theme"); } catch { /* a file may have no storage */ }
  const button = h("button", { type: "button", class: "theme" });
  const apply = (): void => {
    const dark = choice ? choice === "dark" : system.matches;
    if (choice) document.documentElement.dataset.theme = choice;
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", dark ? "Switch to light colours" : "Switch to dark colours");
    plots.setDark(dark);
  };
  button.addEventListener("click", () => {
    const dark = choice ? choice === "dark" : system.matches;
    choice = dark ? "light" : "dark";
    try { localStorage.setItem("leat-theme", choice); } catch { /* then only for now */ }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
  return button;
}

function contents(list: { id: string; title: string }[]): HTMLElement {
  const links = (): HTMLElement => h("ol", null, list.map((s) => h("li", null, h("a", { href: `#${s.id}` }, s.title))));
  const wide = h("nav", { class: "contents wide", "aria-label": "Contents" }, links());
  const narrow = h("details", { class: "contents narrow" }, h("summary", null, "Contents"), links());
  narrow.addEventListener("click", (e) => { if (e.target instanceof HTMLAnchorElement) narrow.open = false; });
  return h("div", { class: "contents-box" }, wide, narrow);
}

function follow(box: HTMLElement, sections: HTMLElement[]): void {
  const link = new Map(Array.from(box.querySelectorAll<HTMLAnchorElement>(".wide a")).map((a) => [a.hash.slice(1), a]));
  const mark = (): void => {
    let here = sections[0];
    for (const s of sections) if (s.getBoundingClientRect().top < innerHeight * 0.3) here = s;
    for (const [id, a] of link) {
      if (id === here?.id) a.setAttribute("aria-current", "true"); else a.removeAttribute("aria-current");
    }
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();
}

function start(): void {
  const r = load();
  const sections: HTMLElement[] = [];
  const list: { id: string; title: string }[] = [];
  const run = (r.overview.stages?.length ?? 0) > 1 || Object.keys(r.stages).length > 2;
  for (const s of SECTIONS) {
    if (!run && s.needs && !s.needs.some((n) => r.stages[n])) continue;
    const e = render(s, r);
    if (!e) continue;
    sections.push(e);
    list.push({ id: s.id, title: s.title });
  }
  const box = contents(list);
  const root = document.getElementById("leat-root") ?? document.body;
  root.replaceChildren(
    h("a", { class: "skip", href: `#${list[0]?.id ?? ""}` }, "Skip to the report"),
    h("header", { class: "top" }, h("span", { class: "brand" }, "Leat"), h("span", { class: "crumb" }, r.title), themeButton()),
    h("div", { class: "page" }, box, h("main", null,
      h("h1", null, r.title), r.subtitle && h("p", { class: "subtitle" }, r.subtitle), sections,
      h("footer", null, `Made by Leat${r.overview.version ? ` ${r.overview.version}` : ""}. This file holds everything it shows and loads nothing.`))),
  );
  follow(box, sections);

  let opened: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll<HTMLDetailsElement>("main details:not([open])"));
    for (const d of opened) d.open = true;
    document.documentElement.classList.add("printing");
    plots.print();
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    document.documentElement.classList.remove("printing");
    plots.printed();
  });
}

start();
