/**
 * The texts of the app in the person's language. Catalogues are flat JSON; plurals end in `.one`, `.other` and so on,
 * chosen by Intl. Only the catalogue in use is loaded, and the owner's texts where an owner reads.
 */
import type en from './locales/en.json';
import type owner from './locales/owner/en.json';

type Catalogue = typeof en & typeof owner;
export type Key = keyof Catalogue & string;
/** The stem of a plural. */
export type PluralKey = Key extends infer K ? (K extends `${infer Stem}.other` ? Stem : never) : never;
export type Values = Record<string, string | number>;

/** Languages with their own name for themselves. */
export const LANGUAGES = { en: 'English', pt: 'Português', es: 'Español' } as const;
export type Language = keyof typeof LANGUAGES;

const RTL = new Set(['ar', 'dv', 'fa', 'he', 'ks', 'ku', 'ps', 'sd', 'ug', 'ur', 'yi']);
const STORED = 'botserver.language';

const load: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  en: () => import('./locales/en.json'),
  pt: () => import('./locales/pt.json'),
  es: () => import('./locales/es.json'),
};

const loadOwner: typeof load = {
  en: () => import('./locales/owner/en.json'),
  pt: () => import('./locales/owner/pt.json'),
  es: () => import('./locales/owner/es.json'),
};

let forOwner = false;

class I18n {
  language = $state<Language>('en');
  /** What dates and numbers follow: the browser's own region, if it speaks the same language. */
  locale = $state('en');
  catalogue = $state.raw<Record<string, string>>({});
}

const state = new I18n();

function isLanguage(value: string): value is Language {
  return Object.hasOwn(LANGUAGES, value);
}

function preferred(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(STORED);
  } catch {
    // Storage switched off: the browser's languages decide.
  }
  if (chosen && isLanguage(chosen)) return chosen;
  for (const tag of navigator.languages) {
    const language = tag.toLowerCase().split('-')[0] ?? '';
    if (isLanguage(language)) return language;
  }
  return 'en';
}

async function use(language: Language): Promise<void> {
  const [words, more] = await Promise.all([load[language](), forOwner ? loadOwner[language]() : null]);
  state.catalogue = { ...words.default, ...more?.default };
  state.language = language;
  state.locale = navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
  document.documentElement.lang = language;
  document.documentElement.dir = RTL.has(language) ? 'rtl' : 'ltr';
}

/** Loads the person's language; to be awaited before anything is mounted. */
export function startI18n(): Promise<void> {
  return use(preferred());
}

/** Adds what only an owner reads; to be awaited before a page of theirs is shown. */
export async function addOwnerTexts(): Promise<void> {
  if (forOwner) return;
  const more = await loadOwner[state.language]();
  state.catalogue = { ...state.catalogue, ...more.default };
  forOwner = true;
}

export async function setLanguage(language: Language): Promise<void> {
  await use(language);
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // It holds for this visit then.
  }
}

export function language(): Language {
  return state.language;
}

/** For Intl. */
export function locale(): string {
  return state.locale;
}

function fill(text: string, values: Values | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function t(key: Key, values?: Values): string {
  return fill(state.catalogue[key] ?? key, values);
}

/** A text that depends on a number, which is `{n}` in it. */
export function tn(key: PluralKey, n: number, values?: Values): string {
  const form = new Intl.PluralRules(state.locale).select(n);
  const text = state.catalogue[`${key}.${form}`] ?? state.catalogue[`${key}.other`] ?? key;
  return fill(text, { n: new Intl.NumberFormat(state.locale).format(n), ...values });
}

/** Whether there is a text for something that the server named. */
export function known(key: string): key is Key {
  return Object.hasOwn(state.catalogue, key);
}
