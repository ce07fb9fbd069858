// The table of pages. A page is one folder beside this file; registering it here is all that the shell needs to know.
import type { Component } from 'svelte';

export type Page = {
  /** First part of the path; the home page has none. */
  path: string;
  title: { en: string; ko: string };
  /** `main`: in the bar (five at most, a phone is narrow); `more`: listed behind "More"; `none`: reached by links only. */
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
    path: 'devices', title: { en: 'Machines', ko: '기기' }, place: 'main',
    icon: 'M5 3h14v18H5zM5 7h14M8 5h.01M12 18a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', load: () => import('./devices/Page.svelte'),
  },
  {
    path: 'orders', title: { en: 'Orders', ko: '주문' }, place: 'main', icon: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8', load: () => import('./orders/Page.svelte'),
  },
  {
    path: 'energy', title: { en: 'Energy', ko: '전력' }, place: 'main', icon: 'M13 3 5 14h6l-1 7 8-11h-6z', load: () => import('./energy/Page.svelte'),
  },
  {
    path: 'shop', title: { en: 'My shop', ko: '내 가게' }, place: 'more', icon: 'M4 9h16l-1-5H5zM5 9v11h14V9M10 20v-6h4v6', load: () => import('./shop/Page.svelte'),
  },
  {
    path: 'account', title: { en: 'Account', ko: '계정' }, place: 'more', icon: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 21c0-5 3-7 7-7s7 2 7 7', load: () => import('./account/Page.svelte'),
  },
  {
    path: 'keys', title: { en: 'Keys', ko: '열쇠' }, place: 'more', icon: 'M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9M18 12v3M21 12v4', load: () => import('./keys/Page.svelte'),
  },
  {
    path: 'guardians', title: { en: 'Guardians', ko: '보호자' }, place: 'more', icon: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM9 12l2 2 4-4',
    load: () => import('./guardians/Page.svelte'),
  },
  {
    path: 'explorer', title: { en: 'Explorer', ko: '탐색기' }, place: 'more', icon: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20',
    load: () => import('./explorer/Page.svelte'),
  },
  {
    path: 'network', title: { en: 'Network', ko: '네트워크' }, place: 'more', icon: 'M12 8V4M12 20v-4M8 12H4M20 12h-4M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
    load: () => import('./network/Page.svelte'),
  },
  {
    path: 'powers', title: { en: 'Who could change this?', ko: '누가 바꿀 수 있나?' }, place: 'more', icon: 'M12 3v18M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z',
    load: () => import('./powers/Page.svelte'),
  },
  {
    path: 'proof', title: { en: 'Check a proof', ko: '증명 확인' }, place: 'more', icon: 'M6 3h8l4 4v14H6zM14 3v4h4M9 14l2 2 4-4', load: () => import('./proof/Page.svelte'),
  },
  { path: 'pair', title: { en: 'New machine', ko: '새 기기' }, place: 'none', icon: 'M12 5v14M5 12h14', load: () => import('./pair/Page.svelte') },
  {
    path: 'more', title: { en: 'More', ko: '더 보기' }, place: 'main', icon: 'M5 12h.01M12 12h.01M19 12h.01', load: () => import('./more/Page.svelte'),
  },
];
