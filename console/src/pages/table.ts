// The table of pages. A page is one folder beside this file; registering it here is all that the shell needs to know.
import type { Component } from 'svelte';

export type Page = {
  /** First part of the path; the home page has none. */
  path: string;
  title: { en: string; ko: string };
  /** `main`: in the bar (four at most, a phone is narrow); `more`: listed behind "More"; `none`: reached by links only. */
  place: 'main' | 'more' | 'none';
  /** Strokes of a picture of 24 × 24. */
  icon: string;
  /** A page without properties; what stands behind `path` in the address bar is in `route.parts`. */
  load: () => Promise<{ default: Component }>;
};

export const PAGES: readonly Page[] = [
  {
    path: '', title: { en: 'Home', ko: '홈' }, place: 'main', icon: 'M4 11 12 4l8 7v9h-5v-6H9v6H4z', load: () => import('./home/Page.svelte'),
  },
  {
    path: 'more', title: { en: 'More', ko: '더 보기' }, place: 'main', icon: 'M5 12h.01M12 12h.01M19 12h.01', load: () => import('./more/Page.svelte'),
  },
];
