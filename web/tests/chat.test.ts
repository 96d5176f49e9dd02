import { describe, expect, it } from 'vitest';
import type { Entry, HearInput, Question, ToolEntry } from '../protocol';
import { answerForm, samePlace } from '../src/chat/answers';
import { exportMarkdown } from '../src/chat/export';
import { formatRoute, parseRoute } from '../src/chat/route';
import { byModel, toolAsks, toRows, withVersions } from '../src/chat/rows';
import { citedSentences, highlight } from '../src/chat/sources';
import { daysAgo, fileSize } from '../src/lib/format';

describe('addresses of the page', () => {
  it.each(['/', '/shop', '/shop/c/cnv_1', '/shop?embed=1', '/a%20b/c/cnv_1?embed=1'])('%s survives', (path) => {
    const url = new URL(path, 'http://x');
    expect(formatRoute(parseRoute(url))).toBe(path);
  });
  it('reads what is odd without failing', () => {
    expect(parseRoute(new URL('http://x/%E0%A4%A/c'))).toMatchObject({ conversation: null });
  });
});

describe('typed answers', () => {
  it('knows the keyboards', () => {
    expect(answerForm({ kind: 'email' })).toMatchObject({ inputMode: 'email', autocomplete: 'email', single: true });
    expect(answerForm({ kind: 'INTEGER' })).toMatchObject({ inputMode: 'numeric' });
    expect(answerForm({ kind: 'credit_card' })).toMatchObject({ kind: 'creditcard', inputMode: 'numeric' });
    expect(answerForm({ kind: 'mobile' })).toMatchObject({ inputMode: 'tel' });
  });
  it('hides secrets on one line, whatever their kind', () => {
    expect(answerForm({ kind: 'any', secret: true })).toMatchObject({ secret: true, single: true });
    expect(answerForm({ kind: 'password' })).toMatchObject({ secret: true, single: true });
  });
  it('offers menus and files', () => {
    expect(answerForm({ kind: 'menu', options: ['a', 'b'] })).toMatchObject({ helper: 'choice', options: ['a', 'b'] });
    expect(answerForm({ kind: 'file', accept: ['image/*', 'application/pdf'] }).accept).toBe('image/*,application/pdf');
  });
  it('takes an unknown kind as free text', () => {
    expect(answerForm({ kind: 'fingerprint' })).toMatchObject({ helper: 'none', single: false });
    expect(answerForm(null).kind).toBe('any');
  });
});

const message = (id: string, role: 'person' | 'bot', at: string, text = id): Entry => ({
  type: 'message', id, seq: 1, at, role, parts: [{ type: 'text', text }], streaming: false, answers: null,
  stopped: false, cut: false, model: null,
});

describe('saying something again', () => {
  const question = (id: number, kind: string, options?: string[]): Question => ({ id, input: { kind, ...(options ? { options } : {}) } });
  it('goes to where it went before, or to the person first', () => {
    const [name, free, menu] = [question(1, 'name'), question(2, 'any'), question(3, 'menu', ['a', 'b'])];
    expect(samePlace(null, null)).toBe(true);
    expect(samePlace(name, name)).toBe(true);
    expect(samePlace(free, question(9, 'any')), 'a script that loops over free text').toBe(true);
    expect(samePlace(menu, question(9, 'menu', ['a', 'b'])), 'a script that comes back to its menu').toBe(true);
    expect(samePlace(menu, question(9, 'menu', ['a']))).toBe(false);
    expect(samePlace(name, question(9, 'name')), 'the name of somebody else').toBe(false);
    expect(samePlace(name, null), 'the dialog is over').toBe(false);
    expect(samePlace(null, name), 'a dialog has begun').toBe(false);
    expect(samePlace(free, name)).toBe(false);
  });
});

describe('rows', () => {
  const now = new Date('2026-11-22T12:00:00');
  it('groups one side, splits sides, pauses and days', () => {
    const rows = toRows([
      message('a', 'bot', '2026-11-21T12:00:00'), message('b', 'bot', '2026-11-21T12:00:01'),
      message('c', 'person', '2026-11-21T12:00:02'), message('d', 'person', '2026-11-21T12:20:00'),
      message('e', 'bot', '2026-11-22T08:00:00'),
    ], now);
    const ids = (entries: { id: string }[]): string => entries.map(({ id }) => id).join('');
    expect(rows.map((row) => (row.kind === 'person' ? ids(row.messages) : row.kind === 'bot' ? ids(row.said) : row.kind)))
      .toEqual(['day', 'ab', 'c', 'd', 'day', 'e']);
  });
  it('puts no date over a conversation of today', () => {
    expect(toRows([message('a', 'bot', '2026-11-22T08:00:00')], now)).toHaveLength(1);
  });
});

describe('versions', () => {
  const now = new Date('2026-11-22T12:00:00');
  const at = '2026-11-22T08:00:00';
  const [hello, asked, first, second, more] = [
    message('hello', 'bot', at), message('asked', 'person', at), message('first', 'bot', at), message('second', 'bot', at), message('more', 'person', at),
  ] as [Entry, Entry, Entry, Entry, Entry];
  const entries = [hello, asked, second, more];
  const earlier = [{ after: 'asked', entries: [first] }];

  it('show the newest, mark where there are others, and hide what followed an earlier one', () => {
    const newest = withVersions(entries, earlier, new Map());
    expect(newest).toMatchObject({ entries, past: false });
    expect(newest.marks.get('second')).toEqual({ place: 'asked', at: 2, count: 2 });
    const old = withVersions(entries, earlier, new Map([['asked', 1]]));
    expect(old).toMatchObject({ entries: [hello, asked, first], past: true });
    expect(old.marks.get('first')).toEqual({ place: 'asked', at: 1, count: 2 });
  });

  it('of the first message of all, and of what is gone itself', () => {
    const { marks, past } = withVersions([more], [{ after: null, entries: [asked, first] }, { after: 'asked', entries: [hello] }], new Map([['', 1]]));
    expect([...marks]).toEqual([['asked', { place: '', at: 1, count: 2 }]]);
    expect(past).toBe(true);
  });

  it('begin a row of their own', () => {
    const { marks } = withVersions([hello, second], [{ after: 'hello', entries: [first] }], new Map());
    expect(toRows([hello, second], now, marks)).toMatchObject([{ key: 'hello' }, { key: 'second', versions: { at: 2, count: 2 } }]);
  });
});

describe('answering anew', () => {
  const at = '2026-11-22T08:00:00';
  const asked = message('p', 'person', at);
  const said = message('b', 'bot', at);
  it('is for what a model answered, or may yet', () => {
    const failed: Entry = {
      type: 'error', id: 'e', seq: 1, at, title: '', detail: null, reference: null, message: 'p', script: null, retry: true,
    };
    expect(byModel([asked, said], 'p'), 'a script').toBe(false);
    expect(byModel([asked, { ...said, model: 'small' } as Entry], 'p')).toBe(true);
    expect(byModel([asked, { ...said, parts: [{ type: 'sources', items: [] }] } as Entry], 'p'), 'quoted without a model').toBe(true);
    expect(byModel([asked, failed], 'p')).toBe(true);
    expect(byModel([asked, { ...failed, retry: false }], 'p')).toBe(false);
    expect(byModel([asked, said, message('p2', 'person', at), { ...said, model: 'small' } as Entry], 'p'), 'the answer to another').toBe(false);
    expect(byModel([said], 'p')).toBe(false);
  });

  it('is not for what answered a question of a tool, which can be stopped instead', () => {
    const question = { id: 3, input: { kind: 'any' } as HearInput };
    const tool = { type: 'tool', id: 't', seq: 2, at, state: 'running' } as ToolEntry;
    const answer = { ...message('p2', 'person', at), answers: question };
    const end = { ...said, id: 'b2', model: 'small' } as Entry;
    expect(byModel([asked, tool, said, answer, end], 'p2')).toBe(false);
    expect(byModel([asked, tool, said, answer, end], 'p')).toBe(true);
    expect(toolAsks([asked, tool, said], question)).toBe(true);
    expect(toolAsks([asked, { ...tool, state: 'done' }, said], question), 'a script of its own').toBe(false);
    expect(toolAsks([asked, tool, said], null), 'at work').toBe(false);
  });
});

describe('sources', () => {
  const answer = 'Up to ten days carry over [1]. Send a certificate. [2] You have 28 days [1, 3].\nNothing else';
  it('know the sentences that cite them', () => {
    expect(citedSentences(answer, 1)).toEqual([expect.stringContaining('ten days carry over'), expect.stringContaining('28 days')]);
    expect(citedSentences(answer, 2)).toEqual([expect.stringContaining('Send a certificate')]);
    expect(citedSentences(answer, 3)).toHaveLength(1);
    expect(citedSentences(answer, 12)).toEqual([]);
  });
  it('have the sentences marked that say it, without looking at case, accents or endings', () => {
    const passage = 'Férias: até 10 dias transferidos podem passar. Outro assunto.\nDias de festa são outros.';
    const pieces = highlight(passage, ['FERIAS transferidas: 10']);
    expect(pieces.filter(({ mark }) => mark).map(({ text }) => text.trim())).toEqual(['Férias: até 10 dias transferidos podem passar.']);
    expect(pieces.map(({ text }) => text).join('')).toBe(passage);
  });
  it('have the sentence marked that answers a question, not those which share a word that all have', () => {
    const passage = 'Die Schuhgröße 42 entspricht der britischen Größe 8. Straßenschuhe fallen größer aus. Äpfel, Öl und Übermut gehören dazu.';
    const pieces = highlight(passage, ['Welche britische Größe entspricht Schuhgröße 42?']);
    expect(pieces.filter(({ mark }) => mark).map(({ text }) => text.trim())).toEqual(['Die Schuhgröße 42 entspricht der britischen Größe 8.']);
  });
  it('are marked whole when the sentence has other words', () => {
    expect(highlight('The days lapse.', ['Something different'])).toEqual([{ text: 'The days lapse.', mark: true }]);
    expect(highlight('The days lapse.', [])).toEqual([{ text: 'The days lapse.', mark: true }]);
  });
  it('are listed in an export, what was thought and called is not', () => {
    const text = exportMarkdown([{
      ...message('a', 'bot', '2026-11-22T08:00:00Z'),
      parts: [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'Ten [1].' }, { type: 'sources', items: [{ number: 1, title: 'Hand*book', place: 'Holidays', page: 12, text: 'x' }] }],
    } as Entry], { bot: 'B', title: null, locale: 'en', origin: 'http://x', secrets: new Set(), words: { with: 'W', you: 'Y', hidden: 'h', at: () => '' } });
    expect(text).toContain('- \\[1\\] Hand\\*book, Holidays, 12');
    expect(text).not.toContain('hm');
  });
});

describe('export', () => {
  it('is Markdown, without secrets', () => {
    const text = exportMarkdown([
      message('a', 'bot', '2026-11-22T08:00:00Z', '**hi**'), message('b', 'person', '2026-11-22T08:00:01Z', 'hunter2'),
      { ...message('c', 'bot', '2026-11-22T08:00:02Z'), parts: [{ type: 'file', url: '/api/v1/attachments/att_1', filename: 'a](x.pdf', mime_type: 'application/pdf' }] } as Entry,
    ], {
      bot: 'Shop', title: 'Kettle', locale: 'en', origin: 'https://bot.example', secrets: new Set(['b']),
      words: { with: 'With Shop', you: 'You', hidden: 'hidden', at: (date) => `at ${date}` },
    });
    expect(text).toContain('# Kettle');
    expect(text).toContain('**hi**');
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[a\\](x.pdf](<https://bot.example/api/v1/attachments/att_1>)');
  });
});

describe('formats', () => {
  it('counts calendar days', () => {
    expect(daysAgo(new Date('2026-11-21T23:59:00'), new Date('2026-11-22T00:01:00'))).toBe(1);
    expect(daysAgo(new Date('2026-11-22T00:01:00'), new Date('2026-11-22T23:59:00'))).toBe(0);
  });
  it('writes sizes', () => {
    expect(fileSize(0, 'en')).toBe('0 bytes');
    expect(fileSize(1536, 'en')).toBe('1.5 kB');
  });
});
