import { beforeEach, describe, expect, it } from 'vitest';
import type { ChatConnection } from '../protocol/connection';
import type { ChatEvent } from '../protocol/frames';
import { Bench, ids } from './bench';

let bench: Bench;
beforeEach(() => (bench = new Bench()));

describe('streamed text', () => {
  const delta = (attempt: number, offset: number, text: string, message = 'msg_s'): void =>
    bench.line.receive({ type: 'delta', message, attempt, offset, text });
  const text = (connection: ChatConnection): unknown => {
    const entry = connection.view.entries.find(({ id }) => id === 'msg_s');
    return entry?.type === 'message' && entry.parts[0]?.type === 'text' ? entry.parts[0].text : undefined;
  };

  it('grows, counts code points, and gives way to the committed message', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'Olá 👋');
    delta(1, 5, ' você');
    expect(text(connection)).toBe('Olá 👋 você');
    expect(connection.view.entries[0]).toMatchObject({ streaming: true });
    bench.says(1, 'msg_s', 'Olá, você.');
    expect(text(connection)).toBe('Olá, você.');
    expect(connection.view.entries[0]).toMatchObject({ streaming: false });
  });

  it('is replaced by a higher attempt and ignores a lower one', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'first');
    delta(2, 0, 'second');
    delta(1, 5, ' late');
    expect(text(connection)).toBe('second');
  });

  it('is the same when it is repeated or overlaps', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'abcd');
    delta(1, 0, 'abcd');
    delta(1, 2, 'cdef');
    expect(text(connection)).toBe('abcdef');
    delta(1, 20, 'hole');
    expect(text(connection)).toBe('abcdef');
  });

  it('that was never committed goes with its turn', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'half');
    bench.event(1, { kind: 'turn.end', outcome: 'failed' });
    expect(text(connection)).toBeUndefined();
  });

  const part = (connection: ChatConnection, type: string): unknown => {
    const entry = connection.view.entries.find(({ id }) => id === 'msg_s');
    return entry?.type === 'message' ? entry.parts.find((one) => one.type === type) : undefined;
  };

  it('waits for what is missing in the middle, whatever the order', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 3, 'd👋');
    delta(1, 5, 'f');
    expect(connection.view.entries).toEqual([]);
    delta(1, 0, 'abc');
    expect(text(connection)).toBe('abcd👋f');
    delta(1, 6, 'g');
    expect(text(connection)).toBe('abcd👋fg');
  });

  it('counts reasoning by itself, and says how long it took', () => {
    const connection = bench.connect();
    bench.ready();
    const think = (offset: number, words: string): void =>
      bench.line.receive({ type: 'delta', message: 'msg_s', turn: 't', attempt: 1, offset, text: words, part: 'reasoning' });
    think(0, 'Hm');
    expect(part(connection, 'reasoning')).toEqual({ type: 'reasoning', text: 'Hm', seconds: null });
    expect(part(connection, 'text'), 'no empty text under it').toBeUndefined();
    bench.clock.advance(1500);
    think(2, ', yes.');
    bench.clock.advance(1500);
    delta(1, 0, 'Yes.');
    expect(part(connection, 'reasoning')).toEqual({ type: 'reasoning', text: 'Hm, yes.', seconds: 3 });
    expect(part(connection, 'text')).toEqual({ type: 'text', text: 'Yes.' });
  });

  it('of a higher attempt takes the place of reasoning and text', () => {
    const connection = bench.connect();
    bench.ready();
    bench.line.receive({ type: 'delta', message: 'msg_s', attempt: 1, offset: 0, text: 'old thought', part: 'reasoning' });
    delta(1, 0, 'old');
    delta(2, 0, 'new');
    expect(connection.view.entries[0]).toMatchObject({ parts: [{ type: 'text', text: 'new' }] });
  });

  it('goes on after a reconnect in mid-answer', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ working: true });
    delta(1, 0, 'One');
    bench.line.handlers.close(1006);
    expect(text(connection), 'it stays while there is no connection').toBe('One');
    bench.clock.advance(500);
    bench.ready({ working: true });
    bench.line.receive({ type: 'stream', message: 'msg_s', turn: 't', attempt: 1, text: 'One two', reasoning: 'Count.' });
    delta(1, 7, ' three');
    expect(connection.view.entries[0]).toMatchObject({
      streaming: true, parts: [{ type: 'reasoning', text: 'Count.' }, { type: 'text', text: 'One two three' }],
    });
  });

  it('takes a stream that is behind what came already, and one of an old attempt, for what they are', () => {
    const connection = bench.connect();
    bench.ready();
    delta(2, 0, 'One two three');
    bench.line.receive({ type: 'stream', message: 'msg_s', attempt: 2, text: 'One', reasoning: '' });
    expect(text(connection)).toBe('One two three');
    bench.line.receive({ type: 'stream', message: 'msg_s', attempt: 1, text: 'An old and long attempt', reasoning: '' });
    expect(text(connection)).toBe('One two three');
    bench.line.receive({ type: 'stream', message: 'msg_s', attempt: 3, text: 'New', reasoning: '' });
    expect(text(connection)).toBe('New');
  });

  it('is gone after a reconnect when nothing runs any more', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ working: true });
    delta(1, 0, 'half');
    bench.line.handlers.close(1006);
    bench.clock.advance(500);
    bench.ready({ working: false });
    expect(connection.view.entries).toEqual([]);
  });

  it('that comes after its message or its turn is nothing', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'first');
    bench.says(1, 'msg_s', 'first, whole');
    delta(2, 0, 'late');
    expect(text(connection)).toBe('first, whole');
    bench.event(2, { kind: 'turn.end', turn: 't', outcome: 'done' });
    bench.line.receive({ type: 'delta', message: 'msg_t', turn: 't', attempt: 1, offset: 0, text: 'late' });
    expect(ids(connection)).toEqual(['msg_s']);
  });

  it('ends with a tool, an error, or the next answer', () => {
    const connection = bench.connect();
    bench.ready();
    const write = (message: string): void => bench.line.receive({ type: 'delta', message, turn: 't', attempt: 1, offset: 0, text: 'some' });
    write('msg_a');
    bench.event(1, { kind: 'tool', id: 'call_1', name: 'find', state: 'running', turn: 't' });
    expect(ids(connection)).toEqual(['call_1']);
    write('msg_a');
    expect(ids(connection), 'what is over does not come back').toEqual(['call_1']);
    write('msg_b');
    write('msg_c');
    expect(ids(connection)).toEqual(['call_1', 'msg_c']);
    bench.event(2, { kind: 'error', id: 'err_1', title: 'No.', retry: true });
    expect(ids(connection)).toEqual(['call_1', 'err_1']);
    expect(connection.view.entries[1]).toMatchObject({ retry: true });
  });

  it('knows a stopped answer and one that was cut off', () => {
    const connection = bench.connect();
    bench.ready();
    delta(1, 0, 'half an');
    bench.event(1, { kind: 'message', id: 'msg_s', role: 'bot', parts: [{ type: 'text', text: 'half an' }], stopped: true, model: 'm' });
    bench.event(2, { kind: 'message', id: 'msg_t', role: 'bot', parts: [], cut: true });
    expect(connection.view.entries).toMatchObject([{ stopped: true, cut: false, model: 'm', streaming: false }, { stopped: false, cut: true, model: null }]);
  });
});

describe('tools', () => {
  const tool = (seq: number, more: Partial<Extract<ChatEvent, { kind: 'tool' }>>): void =>
    bench.event(seq, { kind: 'tool', id: 'call_1', name: 'find', title: 'Finds', arguments: { a: 1 }, state: 'running', turn: 't1', ...more });

  it('are one entry that changes, and keep their place', () => {
    const connection = bench.connect();
    bench.ready();
    tool(1, {});
    tool(2, { id: 'call_2' });
    bench.event(3, { kind: 'tool', id: 'call_1', name: 'find', state: 'done', result: '3', turn: 't1' });
    expect(connection.view.entries).toMatchObject([
      { id: 'call_1', state: 'done', result: '3', title: 'Finds', arguments: { a: 1 } }, { id: 'call_2', state: 'running' },
    ]);
  });

  it('do not run beyond their turn, but for one that asks the person', () => {
    const connection = bench.connect();
    bench.ready();
    tool(1, {});
    bench.event(2, { kind: 'turn.end', turn: 't1', outcome: 'waiting' });
    expect(connection.view.entries).toMatchObject([{ state: 'running' }]);
    tool(3, { turn: 't2' });
    bench.event(4, { kind: 'turn.end', turn: 't2', outcome: 'cancelled' });
    expect(connection.view.entries).toMatchObject([{ state: 'stopped' }]);
  });

  it('in a state of a later server are at least done', () => {
    const connection = bench.connect();
    bench.ready();
    tool(1, { state: 'approved' });
    expect(connection.view.entries).toMatchObject([{ state: 'done' }]);
  });
});

describe('answers that were set aside', () => {
  it('are hidden with what belongs to them, and kept as an earlier version', () => {
    const connection = bench.connect();
    bench.ready();
    bench.says(1, 'msg_p', 'question', 'person');
    bench.event(2, { kind: 'tool', id: 'call_1', name: 'find', state: 'done' });
    bench.says(3, 'msg_a', 'answer');
    bench.line.receive({ type: 'delta', message: 'msg_b', attempt: 1, offset: 0, text: 'bet' });
    bench.event(4, { kind: 'superseded', from: 2, messages: ['msg_a', 'msg_unknown'] });
    expect(ids(connection), 'the new answer may be on its way').toEqual(['msg_p', 'msg_b']);
    bench.says(5, 'msg_b', 'better');
    expect(ids(connection)).toEqual(['msg_p', 'msg_b']);
    expect(connection.view.earlier).toMatchObject([{ after: 'msg_p', entries: [{ id: 'call_1' }, { id: 'msg_a' }] }]);
    bench.line.receive({ type: 'delta', message: 'msg_a', attempt: 9, offset: 0, text: 'late' });
    expect(ids(connection)).toEqual(['msg_p', 'msg_b']);
  });

  it('take the question along that they ended with', () => {
    const connection = bench.connect();
    bench.ready();
    bench.event(1, { kind: 'hear', input: { kind: 'any' } });
    bench.says(2, 'msg_p', 'question', 'person');
    bench.event(3, { kind: 'superseded', from: 2, messages: ['msg_p'] });
    expect(connection.view.hear).toEqual({ kind: 'any' });
    bench.event(4, { kind: 'hear', input: { kind: 'email' } });
    bench.event(5, { kind: 'superseded', from: 4, messages: [] });
    expect(connection.view.hear).toBeNull();
  });

  it('take the errors along, which are no version of anything', () => {
    const connection = bench.connect();
    bench.ready();
    bench.says(1, 'msg_p', 'question', 'person');
    bench.event(2, { kind: 'error', id: 'err_1', title: 'No.', message: 'msg_p', retry: true });
    bench.event(3, { kind: 'superseded', from: 2, messages: [] });
    expect(ids(connection)).toEqual(['msg_p']);
    bench.event(4, { kind: 'error', id: 'err_2', title: 'No.', message: 'msg_p' });
    bench.event(5, { kind: 'superseded', from: 1, messages: ['msg_p'] });
    expect(ids(connection)).toEqual([]);
    expect(connection.view.earlier).toMatchObject([{ after: null, entries: [{ id: 'msg_p' }, { id: 'err_2' }] }]);
  });
});

describe('asking anew', () => {
  it('regenerates once, asks again after a reconnect until it is acknowledged, and ends with the new answer', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    bench.says(1, 'msg_p', 'question', 'person');
    bench.says(2, 'msg_a', 'answer');
    connection.regenerate('msg_p');
    connection.regenerate('msg_p');
    const [first] = bench.line.of('regenerate');
    expect(bench.line.of('regenerate')).toEqual([{ type: 'regenerate', id: expect.stringMatching(/^msg_/), message: 'msg_p' }]);
    expect(connection.view).toMatchObject({ regenerating: 'msg_p', pending: [] });
    bench.line.handlers.close(1006);
    bench.clock.advance(500);
    bench.ready({ seq: 2 });
    expect(bench.line.of('regenerate')).toEqual([first]);
    bench.line.receive({ type: 'ack', id: first?.id ?? '', state: 'queued' });
    bench.line.receive({ type: 'queue', items: [{ id: first?.id ?? '', text: '', regenerates: 'msg_p' }] });
    expect(connection.view).toMatchObject({ regenerating: 'msg_p', pending: [] });
    bench.event(3, { kind: 'superseded', from: 2, messages: ['msg_a'] });
    expect(connection.view.regenerating).toBeNull();
  });

  it('ends with its own turn, also when the acknowledgement comes later', () => {
    const connection = bench.connect();
    bench.ready();
    connection.regenerate('msg_p');
    const id = bench.line.of('regenerate')[0]?.id ?? '';
    bench.event(1, { kind: 'turn.end', item: 'msg_other', outcome: 'done' });
    expect(connection.view.regenerating).toBe('msg_p');
    bench.event(2, { kind: 'turn.end', item: id, outcome: 'done' });
    bench.line.receive({ type: 'ack', id, state: 'taken' });
    expect(connection.view.regenerating).toBeNull();
  });

  it('lets go of a regeneration that the server refuses', () => {
    const connection = bench.connect();
    bench.ready();
    connection.regenerate('msg_p');
    bench.line.receive({ type: 'error', code: 'not_found', title: 'There is no such message.', id: bench.line.of('regenerate')[0]?.id ?? '' });
    expect(connection.view).toMatchObject({ regenerating: null, notice: { code: 'not_found' } });
  });

  it('sends what a message replaces, also from the outbox of a page that was closed', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    connection.send('better words', { replaces: 'msg_p' });
    connection.stop();
    const again = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    expect(bench.line.of('message')).toMatchObject([{ text: 'better words', replaces: 'msg_p' }]);
    expect(again.view.pending).toMatchObject([{ replaces: 'msg_p' }]);
  });
});
