// lazy.ts -- draws a plot when it comes near the screen, all of them before printing, and again when the theme or the
// width changes.

import type { View } from "vega";
import { draw } from "../plots/draw";
import type { Plot } from "../plots/plot";
import { DARK, LIGHT, type Theme } from "../plots/theme";

interface Place { plot: Plot; at: HTMLElement; view: View | null; key: string; near: boolean }

const PRINT_WIDTH_PX = 640;
const MARGIN_PX = 500;

class Plots {
  private readonly places = new Map<Element, Place>();
  private theme: Theme = LIGHT;
  private printing = false;
  private readonly seen = new IntersectionObserver((entries) => {
    for (const e of entries) {
      const place = this.places.get(e.target);
      if (!place) continue;
      place.near = e.isIntersecting;
      if (place.near) this.show(place);
    }
  }, { rootMargin: `${MARGIN_PX}px 0px` });
  private readonly resized = new ResizeObserver((entries) => {
    if (this.printing) return;
    for (const e of entries) {
      const place = this.places.get(e.target);
      if (place?.near) this.show(place);
    }
  });

  add(at: HTMLElement, plot: Plot): void {
    at.style.minHeight = `${plot.height}px`;
    this.places.set(at, { plot, at, view: null, key: "", near: false });
    this.seen.observe(at);
    this.resized.observe(at);
  }

  setDark(dark: boolean): void {
    this.theme = dark ? DARK : LIGHT;
    for (const place of this.places.values()) {
      if (place.near) this.show(place);
    }
  }

  /** Everything, in light, at the paper's width. */
  print(): void {
    this.printing = true;
    for (const place of this.places.values()) this.show(place);
  }

  printed(): void {
    this.printing = false;
    for (const place of this.places.values()) {
      if (place.near) this.show(place);
    }
  }

  private show(place: Place): void {
    const own = place.at.clientWidth;
    const width = Math.floor(this.printing ? Math.min(PRINT_WIDTH_PX, own || PRINT_WIDTH_PX) : own);
    if (width < 40) return;      /* inside something closed: shown when it opens */
    const theme = this.printing ? LIGHT : this.theme;
    const key = `${theme.dark} ${width}`;
    if (place.key === key) return;
    place.key = key;
    place.view?.finalize();
    place.view = null;
    try {
      place.view = draw(place.plot, place.at, theme, width);
      place.at.style.minHeight = "";
    } catch (why) {
      place.at.textContent = `This plot could not be drawn: ${why instanceof Error ? why.message : String(why)}`;
    }
  }
}

export const plots = new Plots();
