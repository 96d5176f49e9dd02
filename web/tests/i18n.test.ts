import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '../src/i18n/locales/en.json';
import es from '../src/i18n/locales/es.json';
import ownerEn from '../src/i18n/locales/owner/en.json';
import ownerEs from '../src/i18n/locales/owner/es.json';
import ownerPt from '../src/i18n/locales/owner/pt.json';
import pt from '../src/i18n/locales/pt.json';

const parts: Record<string, readonly [Record<string, string>, Record<string, string>]> = {
  en: [en, ownerEn], es: [es, ownerEs], pt: [pt, ownerPt],
};
const catalogues = Object.fromEntries(Object.entries(parts).map(([language, [all, owner]]) => [language, { ...all, ...owner }]));
const english: Record<string, string> = { ...en, ...ownerEn };

function places(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();
}

describe('catalogues', () => {
  it.each(Object.keys(catalogues))('%s has the keys of English, and no empty text', (language) => {
    expect(Object.keys(catalogues[language] ?? {}).sort()).toEqual(Object.keys(english).sort());
    expect(parts[language]?.map((part) => Object.keys(part).sort())).toEqual([en, ownerEn].map((part) => Object.keys(part).sort()));
    expect(Object.values(catalogues[language] ?? {}).filter((text) => !text.trim())).toEqual([]);
  });

  it.each(Object.keys(catalogues))('%s has the same places to fill', (language) => {
    for (const [key, text] of Object.entries(english)) {
      expect({ key, places: places(catalogues[language]?.[key] ?? '') }).toEqual({ key, places: places(text) });
    }
  });

  // What the server says stands in the same conversation.
  const spoken = (language: string): [string, string][] => [
    '../src/i18n/locales', '../src/i18n/locales/owner', '../../crates/basic/std/src/hear/messages', '../../crates/domains/bot/src/sentences',
  ].flatMap((folder) => Object.entries(JSON.parse(readFileSync(join(import.meta.dirname, folder, `${language}.json`), 'utf8')) as Record<string, string>));

  it('says tú in Spanish, never usted', () => {
    const usted = /(?<!\p{L})(usted|ustedes|sus?|le|abra|adjunte|elija|escriba|espere|grabe|haga|inicie|intente|pruebe|pulse|recargue|responda|suelte|vuelva a)(?!\p{L})/iu;
    expect(spoken('es').filter(([, text]) => usted.test(text))).toEqual([]);
  });

  it('says você in Portuguese, never tu, and Brazilian words', () => {
    const tu = /(?<!\p{L})(tu|te|ti|teus?|tuas?|contigo|ficheiros?|ecrã|utilizador|guardar|apagar|telemóvel|está a \p{L}+r)(?!\p{L})/iu;
    expect(spoken('pt').filter(([, text]) => tu.test(text))).toEqual([]);
  });

  it('has no text that nothing shows', () => {
    const source = (folder: string): string => readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'locales' ? '' : source(path);
      return readFileSync(path, 'utf8');
    }).join('\n');
    const code = source(join(import.meta.dirname, '../src'));
    const stems = [...code.matchAll(/`([\w.]+\.)\$\{/g)].map(([, stem]) => stem ?? '');
    const unused = Object.keys(english).filter((key) => {
      const name = key.replace(/\.(one|other)$/, '');
      return !code.includes(`'${name}'`) && !stems.some((stem) => key.startsWith(stem));
    });
    expect(unused).toEqual([]);
  });
});
