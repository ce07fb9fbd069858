// What a person chose for this browser: language and light or dark. Kept in localStorage, told to nobody.

export const LANGS = ['en', 'ko'] as const;
export type Lang = (typeof LANGS)[number];
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** localStorage may be switched off; the page then forgets at reload. */
export function remembered<T>(key: string): T | undefined {
  try {
    const text = localStorage.getItem(`dure.${key}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(`dure.${key}`);
    else localStorage.setItem(`dure.${key}`, JSON.stringify(value));
  } catch {
    // switched off
  }
}

/** Tells what another tab of this browser remembered, so that two tabs do not undo each other's work. */
export function onOtherTab<T>(key: string, heard: (value: T | undefined) => void): void {
  addEventListener('storage', (event) => event.key === `dure.${key}` && heard(remembered<T>(key)));
}

const oneOf = <T extends string>(all: readonly T[], value: unknown): T | undefined => all.find((one) => one === value);

class Prefs {
  lang = $state<Lang>(oneOf(LANGS, remembered('lang')) ?? (navigator.language.startsWith('ko') ? 'ko' : 'en'));
  theme = $state<Theme>(oneOf(THEMES, remembered('theme')) ?? 'system');

  constructor() {
    onOtherTab('lang', (lang) => (this.lang = oneOf(LANGS, lang) ?? this.lang));
    onOtherTab('theme', (theme) => (this.theme = oneOf(THEMES, theme) ?? 'system'));
  }

  speak(lang: Lang): void {
    this.lang = lang;
    remember('lang', lang);
  }

  wear(theme: Theme): void {
    this.theme = theme;
    remember('theme', theme);
  }
}

export const prefs = new Prefs();
