import { beforeEach, describe, expect, it } from 'vitest';
import { Backoff } from '../protocol/backoff';
import { PING_MS, PONG_MS } from '../protocol/pulse';
import type { ChatEvent } from '../protocol/frames';
import { newId } from '../protocol/ids';
import { Bench, ids } from './bench';

let bench: Bench;
beforeEach(() => (bench = new Bench()));

describe('ids', () => {
  it('are a prefix and 32 hexadecimal digits, all different', () => {
    const many = Array.from({ length: 1000 }, () => newId('msg'));
    for (const id of many) expect(id).toMatch(/^msg_[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(new Set(many).size).toBe(1000);
  });
});

describe('backoff', () => {
  it('doubles, is capped, is spread, and starts again', () => {
    const backoff = new Backoff({ random: () => 1 });
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([500, 1000, 2000]);
    for (let at = 0; at < 50; at += 1) backoff.next();
    expect(backoff.next()).toBe(30_000);
    backoff.reset();
    expect(backoff.next()).toBe(500);
    expect(new Backoff({ random: () => 0 }).next()).toBe(250);
  });
});

describe('hello', () => {
  it('begins a new conversation, and names the one it got afterwards', () => {
    const connection = bench.connect();
    bench.ready();
    expect(bench.line.sent[0]).toEqual({ type: 'hello', visible: true, locale: 'pt' });
    expect(connection.view).toMatchObject({ status: 'online', conversation: 'cnv_1', loaded: true });
    bench.says(1, 'msg_a', 'hello');
    bench.line.handlers.close(1006);
    expect(connection.view.status).toBe('reconnecting');
    bench.clock.advance(500);
    bench.line.handlers.open();
    expect(bench.line.sent[0]).toEqual({ type: 'hello', conversation: 'cnv_1', after: 1, visible: true, locale: 'pt' });
  });

  it('says later that somebody looks, once', () => {
    const connection = bench.connect({ visible: false });
    bench.ready();
    expect(bench.line.of('hello')[0]?.visible).toBe(false);
    connection.setVisible(true);
    connection.setVisible(false);
    connection.setVisible(true);
    expect(bench.line.of('visible')).toHaveLength(1);
  });

  it('sends nothing before ready', () => {
    const connection = bench.connect();
    bench.line.handlers.open();
    connection.send('early');
    expect(bench.line.of('message')).toHaveLength(0);
    expect(connection.view.pending[0]?.delivery).toBe('waiting');
    bench.line.receive({ type: 'ready', protocol: 1, conversation: 'cnv_1', seq: 0, bot: { id: 'b', name: 'shop' } });
    expect(bench.line.of('message').map(({ text }) => text)).toEqual(['early']);
  });
});

describe('events', () => {
  it('are shown once and in order', () => {
    const connection = bench.connect();
    bench.ready({ seq: 2 });
    expect(connection.view.loaded).toBe(false);
    bench.says(1, 'msg_a', 'one');
    bench.says(2, 'msg_b', 'two');
    bench.says(2, 'msg_b', 'two again');
    expect(connection.view.loaded).toBe(true);
    expect(ids(connection)).toEqual(['msg_a', 'msg_b']);
    expect(connection.view.entries[1]).toMatchObject({ parts: [{ text: 'two' }] });
  });

  it('with a gap make it ask again from where it is', () => {
    const connection = bench.connect();
    bench.ready();
    bench.says(1, 'msg_a', 'one');
    bench.says(3, 'msg_c', 'three');
    expect(bench.lines[0]?.closed).toBe(true);
    expect(ids(connection)).toEqual(['msg_a']);
    bench.clock.advance(500);
    bench.ready({ seq: 3 });
    expect(bench.line.of('hello')[0]?.after).toBe(1);
    bench.says(2, 'msg_b', 'two');
    bench.says(3, 'msg_c', 'three');
    expect(ids(connection)).toEqual(['msg_a', 'msg_b', 'msg_c']);
  });

  it('replace suggestions and the awaited answer, and number what is unknown', () => {
    const connection = bench.connect();
    bench.ready();
    bench.event(1, { kind: 'suggestions', items: [{ label: 'A', text: 'a' }] });
    bench.event(2, { kind: 'hear', input: { kind: 'date' } });
    bench.event(3, { kind: 'weather' } as unknown as ChatEvent);
    bench.event(4, { kind: 'conversation', title: 'Kettle' });
    expect(connection.view).toMatchObject({ suggestions: [{ label: 'A' }], hear: { kind: 'date' }, title: 'Kettle' });
    bench.event(5, { kind: 'suggestions', items: [] });
    bench.event(6, { kind: 'hear', input: null });
    expect(connection.view).toMatchObject({ suggestions: [], hear: null });
  });

  it('rest suggestions from before a question, and keep those that came with it', () => {
    const connection = bench.connect();
    bench.ready();
    const labels = (): string[] => connection.view.suggestions.map((item) => item.label);
    bench.event(1, { kind: 'suggestions', items: [{ label: 'Order', text: 'Order' }] });
    bench.says(2, 'msg_a', 'Order', 'person');
    bench.event(3, { kind: 'hear', input: { kind: 'name' } });
    expect(labels()).toEqual([]);
    bench.says(4, 'msg_b', 'Ada', 'person');
    bench.event(5, { kind: 'hear', input: null });
    expect(labels()).toEqual(['Order']);
    bench.event(6, { kind: 'hear', input: { kind: 'name' } });
    bench.event(7, { kind: 'suggestions', items: [{ label: 'Tea', text: 'Tea' }] });
    bench.says(8, 'msg_c', 'Soup', 'person');
    bench.event(9, { kind: 'hear', input: { kind: 'name' } });
    expect(labels()).toEqual(['Tea']);
  });

  it('know which question a message answered, and which answers are secret after a reload too', () => {
    const connection = bench.connect();
    bench.ready();
    bench.event(1, { kind: 'hear', input: { kind: 'date', attempt: 1 } });
    bench.says(2, 'msg_a', 'someday', 'person');
    bench.event(3, { kind: 'hear', input: { kind: 'date', attempt: 2 } });
    bench.says(4, 'msg_b', 'today', 'person');
    bench.event(5, { kind: 'hear', input: null });
    bench.event(6, { kind: 'hear', input: { kind: 'password', attempt: 1, secret: true } });
    bench.says(7, 'msg_c', '••••••••', 'person');
    bench.event(8, { kind: 'hear', input: null });
    bench.says(9, 'msg_d', 'thanks', 'person');
    const answered = connection.view.entries.map((entry) => (entry.type === 'message' ? entry.answers?.id : undefined));
    expect(answered).toEqual([1, 1, 6, undefined]);
    expect(connection.view.question).toBeNull();
    expect([...connection.view.secrets]).toEqual(['msg_c']);
  });

  it('begin anew when the server has fewer than we', () => {
    const connection = bench.connect();
    bench.ready();
    bench.says(1, 'msg_a', 'one');
    bench.says(2, 'msg_b', 'two');
    bench.line.handlers.close(1006);
    bench.clock.advance(500);
    bench.ready({ seq: 1 });
    bench.clock.advance(1000);
    bench.ready({ seq: 1 });
    expect(bench.line.of('hello')[0]).not.toHaveProperty('after');
    bench.says(1, 'msg_z', 'restored');
    expect(ids(connection)).toEqual(['msg_z']);
  });
});

describe('messages', () => {
  it('stay until acknowledged and are sent again under the same id', () => {
    const connection = bench.connect();
    bench.ready();
    const id = connection.send('hello', { action: 'x', attachments: ['att_1'] });
    expect(bench.line.of('message')).toEqual([{ type: 'message', id, text: 'hello', attachments: ['att_1'], action: 'x' }]);
    expect(connection.view.pending[0]?.delivery).toBe('sending');
    bench.line.handlers.close(1006);
    expect(connection.view.pending[0]?.delivery).toBe('waiting');
    bench.clock.advance(500);
    bench.ready();
    expect(bench.line.of('message')[0]?.id).toBe(id);
    bench.line.receive({ type: 'ack', id, state: 'taken' });
    expect(bench.durable.map.size).toBe(0);
    bench.says(1, id, 'hello', 'person');
    expect(connection.view.pending).toHaveLength(0);
    expect(ids(connection)).toEqual([id]);
  });

  it('survive the page', () => {
    const first = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    const id = first.send('kept');
    first.stop();
    const second = bench.connect({ conversation: 'cnv_1' });
    expect(second.view.pending.map((message) => message.id)).toEqual([id]);
    bench.ready();
    expect(bench.line.of('message')[0]?.id).toBe(id);
  });

  it('written before there is a conversation move to it', () => {
    const first = bench.connect();
    const id = first.send('first words');
    expect([...bench.session.map.keys()]).toEqual(['botserver.outbox.new.shop']);
    bench.ready();
    expect(bench.session.map.size).toBe(0);
    expect([...bench.durable.map.keys()]).toEqual(['botserver.outbox.cnv_1']);
    expect(bench.line.of('message')[0]?.id).toBe(id);
  });

  it('that are old are asked about instead of sent', () => {
    const first = bench.connect({ conversation: 'cnv_1' });
    const id = first.send('yesterday');
    first.stop();
    bench.clock.advance(24 * 3_600_000);
    const second = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    expect(bench.line.of('message')).toHaveLength(0);
    expect(second.view.pending[0]).toMatchObject({ delivery: 'failed', error: { code: 'stale' } });
    second.retry(id);
    expect(bench.line.of('message')[0]?.id).toBe(id);
  });

  it('that are secret are never written to storage', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    const id = connection.send('hunter2', { secret: true });
    expect(JSON.stringify([...bench.durable.map, ...bench.session.map])).not.toContain('hunter2');
    expect(connection.view.secrets.has(id)).toBe(true);
    bench.ready();
    expect(bench.line.of('message')[0]?.text).toBe('hunter2');
  });

  it('committed while away are not shown twice', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    const id = connection.send('hello');
    bench.line.handlers.close(1006);
    bench.clock.advance(500);
    bench.ready({ seq: 2 });
    bench.says(1, id, 'hello', 'person');
    bench.says(2, 'msg_b', 'hi');
    bench.line.receive({ type: 'ack', id, state: 'taken' });
    expect(ids(connection)).toEqual([id, 'msg_b']);
    expect(connection.view.pending).toHaveLength(0);
    expect(bench.durable.map.size).toBe(0);
  });
});

describe('the queue', () => {
  it('is shown, also to the other tab', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ queued: [{ id: 'msg_other', text: 'from the other tab' }], working: true });
    expect(connection.view.pending).toMatchObject([{ id: 'msg_other', delivery: 'queued' }]);
    const id = connection.send('mine');
    bench.line.receive({ type: 'ack', id, state: 'queued', ahead: 1 });
    bench.line.receive({ type: 'queue', items: [{ id, text: 'mine' }] });
    expect(connection.view.pending).toMatchObject([{ id, delivery: 'queued' }]);
    bench.line.receive({ type: 'queue', items: [] });
    expect(connection.view.pending).toMatchObject([{ id, delivery: 'taken' }]);
    bench.says(1, id, 'mine', 'person');
    expect(connection.view.pending).toHaveLength(0);
  });

  it('gives a message back', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ working: true });
    const id = connection.send('never mind');
    bench.line.receive({ type: 'ack', id, state: 'queued', ahead: 0 });
    connection.withdraw(id);
    expect(bench.line.of('withdraw')).toEqual([{ type: 'withdraw', id }]);
    expect(connection.view.pending[0]?.withdrawing).toBe(true);
    bench.line.receive({ type: 'queue', items: [] });
    expect(connection.view.pending).toHaveLength(0);
  });

  it('may be too late', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ working: true });
    const id = connection.send('too late');
    bench.line.receive({ type: 'ack', id, state: 'queued', ahead: 0 });
    connection.withdraw(id);
    bench.line.receive({ type: 'error', code: 'already_taken', title: 'Taken', id });
    expect(connection.view.pending[0]).toMatchObject({ withdrawing: false, delivery: 'taken' });
  });

  it('forgets what another tab took back', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready({ working: true });
    const id = connection.send('gone');
    bench.line.receive({ type: 'ack', id, state: 'queued', ahead: 0 });
    bench.line.receive({ type: 'queue', items: [] });
    bench.event(1, { kind: 'turn.end', outcome: 'done' });
    expect(connection.view.pending).toHaveLength(0);
  });

  it('drops at once what was never sent', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    const id = connection.send('not yet');
    connection.withdraw(id);
    expect(connection.view.pending).toHaveLength(0);
    bench.ready();
    expect(bench.line.of('message')).toHaveLength(0);
  });
});

describe('refusals', () => {
  it('for now are sent again when it is possible', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    const id = connection.send('too quick');
    bench.line.receive({ type: 'error', code: 'rate_limited', title: 'Too many', retry_after: 12, id });
    expect(connection.view.pending[0]).toMatchObject({ delivery: 'limited', until: bench.clock.time + 12_000 });
    bench.clock.advance(12_000);
    expect(bench.line.of('message').map((frame) => frame.id)).toEqual([id, id]);
  });

  it('for good wait for the person, also after a reload', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    const id = connection.send('one too many');
    bench.line.receive({ type: 'error', code: 'queue_full', title: 'Full', detail: 'Wait.', id });
    expect(connection.view.pending[0]).toMatchObject({ delivery: 'failed', error: { code: 'queue_full', title: 'Full' } });
    connection.stop();
    const second = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    expect(second.view.pending[0]).toMatchObject({ id, delivery: 'failed' });
    expect(bench.line.of('message')).toHaveLength(0);
    second.retry(id);
    expect(bench.line.of('message')).toHaveLength(1);
  });

  it('of no message are a notice', () => {
    const connection = bench.connect();
    bench.ready();
    bench.line.receive({ type: 'error', code: 'unavailable', title: 'Not now' });
    expect(connection.view.notice).toMatchObject({ title: 'Not now' });
    connection.dismissNotice();
    expect(connection.view.notice).toBeNull();
  });
});

describe('the connection', () => {
  it('is asked whether it lives, and given up when it does not answer', () => {
    const connection = bench.connect();
    bench.ready();
    bench.clock.advance(PING_MS);
    expect(bench.line.of('ping')).toHaveLength(1);
    bench.line.receive({ type: 'pong' });
    bench.clock.advance(PING_MS);
    expect(bench.line.of('ping')).toHaveLength(2);
    bench.clock.advance(PONG_MS);
    expect(bench.lines[0]?.closed).toBe(true);
    expect(connection.view.status).toBe('reconnecting');
  });

  it('comes back later and later, at once when the network does', () => {
    const connection = bench.connect();
    bench.line.handlers.close(1006);
    bench.clock.advance(499);
    expect(bench.lines).toHaveLength(1);
    bench.clock.advance(1);
    expect(bench.lines).toHaveLength(2);
    bench.line.handlers.close(1006);
    bench.clock.advance(999);
    expect(bench.lines).toHaveLength(2);
    connection.reconnectNow();
    expect(bench.lines).toHaveLength(3);
  });

  it('survives a planned restart', () => {
    const connection = bench.connect();
    bench.ready();
    bench.line.receive({ type: 'bye', reason: 'restart' });
    bench.line.handlers.close(1001);
    bench.clock.advance(500);
    bench.ready();
    expect(connection.view.status).toBe('online');
  });

  it.each([[4404, 'not_found'], [4409, 'deleted']] as const)('ends with %i', (code, reason) => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    bench.line.handlers.close(code);
    expect(connection.view).toMatchObject({ status: 'ended', ended: reason });
    bench.clock.advance(60_000);
    expect(bench.lines).toHaveLength(1);
  });

  it('ends when the conversation is deleted', () => {
    const connection = bench.connect({ conversation: 'cnv_1' });
    bench.ready();
    bench.event(1, { kind: 'conversation', deleted: true });
    expect(connection.view).toMatchObject({ status: 'ended', ended: 'deleted' });
    bench.line.handlers.close(4409);
    bench.clock.advance(60_000);
    expect(bench.lines).toHaveLength(1);
  });

  it('does not insist after broken rules', () => {
    const connection = bench.connect();
    for (let at = 0; at < 3; at += 1) {
      bench.line.handlers.close(1008);
      bench.clock.advance(30_000);
    }
    expect(connection.view).toMatchObject({ status: 'ended', ended: 'refused' });
    expect(bench.lines).toHaveLength(3);
  });

  it('listens to no abandoned socket', () => {
    const connection = bench.connect();
    bench.ready();
    const old = bench.line;
    old.handlers.close(1006);
    bench.clock.advance(500);
    bench.ready();
    old.handlers.message(JSON.stringify({ type: 'event', seq: 1, at: 'x', event: { kind: 'message', id: 'ghost', role: 'bot', parts: [] } }));
    old.handlers.close(1006);
    expect(ids(connection)).toEqual([]);
    expect(connection.view.status).toBe('online');
  });

  it('takes garbage for a broken line', () => {
    const connection = bench.connect();
    bench.ready();
    bench.line.handlers.message('{"type":');
    expect(connection.view.status).toBe('reconnecting');
  });
});
