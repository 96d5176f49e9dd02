import { flushSync, mount, unmount } from 'svelte';
import type { Component } from 'svelte';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addOwnerTexts, setLanguage, startI18n } from '../src/i18n/index.svelte';
import BotsView from '../src/owner/BotsView.svelte';
import OverviewView from '../src/owner/OverviewView.svelte';
import { levelName } from '../src/owner/level';
import { offerLines, operatorLines } from '../src/owner/offers';
import { formatPath, parsePath } from '../src/owner/path';
import type { OwnerBot, Overview } from '../src/owner/types';

const bot = (more: Partial<OwnerBot> = {}): OwnerBot => ({
  id: 'bot_1', name: 'shop', state: 'serving', diagnostics: [], scripts: [], ...more,
});

function overview(more: Partial<Overview> = {}): Overview {
  return {
    server: { version: '0.1.0', started_at: '2026-11-22T08:00:00Z', data_dir: '/data', database: 'sqlite', listen: '127.0.0.1:8080' },
    bots: [bot()], settings: [], problems: [], ...more,
  };
}

let mounted: Record<string, unknown> | undefined;
afterEach(() => {
  if (mounted) void unmount(mounted);
  mounted = undefined;
});

/** The values of a definition list by their terms, as they are read. */
function facts<P extends Record<string, unknown>>(view: Component<P>, props: P): Record<string, string> {
  document.body.replaceChildren();
  mounted = mount(view, { target: document.body, props });
  flushSync();
  return Object.fromEntries([...document.querySelectorAll('dt')].map((term) => {
    const values: string[] = [];
    for (let next = term.nextElementSibling; next?.tagName === 'DD'; next = next.nextElementSibling) {
      values.push(next.textContent.trim());
    }
    return [term.textContent.trim(), values.join(' | ')];
  }));
}

describe('the owner’s page', () => {
  beforeAll(async () => {
    await startI18n();
    await addOwnerTexts();
  });

  it('shows a dash for what the server does not know, never a number', () => {
    const unknown = overview({
      disk: { total_bytes: null, free_bytes: null, data_bytes: null }, memory: { resident_bytes: null },
      bots: [bot({ conversations: null }), bot({ id: 'bot_2', name: 'help', conversations: 7 })],
    });
    for (const data of [unknown, overview({ disk: null, memory: null }), overview()]) {
      const shown = facts(OverviewView, { data });
      expect(shown).toMatchObject({ 'Conversations of all bots': '–', 'Memory in use': '–', Disk: '– | Database file: –' });
    }
    expect(facts(BotsView, { bots: [bot()], rejected: [], target: '' }))
      .toMatchObject({ Conversations: '–', Version: '–', Loaded: '–' });
  });

  it('shows a half of what is known, and a true zero as a zero', () => {
    const data = overview({ disk: { free_bytes: 0, data_bytes: 0 }, memory: { resident_bytes: 1024 * 1024 }, bots: [bot({ conversations: 0 })] });
    expect(facts(OverviewView, { data })).toMatchObject({
      'Conversations of all bots': '0', 'Memory in use': '1 MB', Disk: '0 bytes free of – | Database file: 0 bytes',
    });
    expect(facts(BotsView, { bots: data.bots, rejected: [], target: '' })).toMatchObject({ Conversations: '0' });
  });

  it('names levels in the owner’s language', async () => {
    await setLanguage('es');
    expect([levelName('warning'), levelName('critical')]).toEqual(['Aviso', 'critical']);
    await setLanguage('en');
    expect(levelName('error')).toBe('Error');
  });

  it('counts findings that it names', () => {
    const diagnostics = [{ severity: 'info' as const, message: 'By the way.', file: 'start.bas', line: 1 }];
    expect(facts(BotsView, { bots: [bot({ diagnostics })], rejected: [], target: '' })).toMatchObject({ Findings: 'None' });
  });
});

describe('addresses inside the owner’s page', () => {
  it('survive, whatever a bot is called', () => {
    expect(parsePath(formatPath('knowledge', 'a/b c', 'col_1'))).toEqual(['knowledge', 'a/b c', 'col_1']);
    expect(parsePath('#bots/%E0%A4%A')).toEqual(['bots', '%E0%A4%A']);
    expect(parsePath('')).toEqual(['']);
  });
});

describe('a model that was found', () => {
  it('is used by the lines that the server says, with the model that was chosen', () => {
    expect(offerLines({ kind: 'key', variable: 'OPENAI_API_KEY', config: ['llm-provider,openai', 'llm-model,{model}'] }, 'small'))
      .toEqual(['llm-provider,openai', 'llm-model,small']);
    expect(offerLines({ kind: 'server', url: 'http://127.0.0.1:11434/v1' }, 'small'))
      .toEqual(['llm-url,http://127.0.0.1:11434/v1', 'llm-model,small']);
    expect(offerLines({ kind: 'key', variable: 'OPENAI_API_KEY', provider: 'openai' }, 'small')).toEqual(['openai-key,<OPENAI_API_KEY>', 'llm-model,small']);
    expect(offerLines({ kind: 'key', variable: 'GEMINI_API_KEY', provider: 'gemini' }, 'small'))
      .toEqual(['llm-provider,gemini', 'llm-key,<GEMINI_API_KEY>', 'llm-model,small']);
  });

  it('on this machine needs the operator, too', () => {
    expect(operatorLines({ kind: 'server', url: 'http://127.0.0.1:11434/v1' })).toEqual(['[outbound]', 'allow = ["127.0.0.1:11434"]']);
    expect(operatorLines({ kind: 'server', url: 'http://localhost/v1' })).toEqual(['[outbound]', 'allow = ["localhost:80"]']);
    expect(operatorLines({ kind: 'server', url: 'https://models.example/v1' })).toEqual([]);
  });
});
