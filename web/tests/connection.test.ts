import { beforeEach, describe, expect, it } from 'vitest';
import { Backoff } from '../protocol/backoff';
import { ChatConnection, PING_MS, PONG_MS } from '../protocol/connection';
import type { ConnectionOptions, SocketHandlers } from '../protocol/connection';
import type { ChatEvent, ClientFrame, ServerFrame } from '../protocol/frames';
import { newId } from '../protocol/ids';
import type { KeyValueStore } from '../protocol/outbox';

class MemoryStore implements KeyValueStore {
  readonly map = new Map<string, string>();
  getItem = (key: string): string | null => this.map.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.map.set(key, value);
  removeItem = (key: string): void => void this.map.delete(key);
}

class Clock {
  time = 1_000_000;
  #next = 1;
  #timers = new Map<number, { at: number; run: () => void }>();

  readonly timers = {
    now: (): number => this.time,
    set: (run: () => void, ms: number): number => {
      this.#timers.set(this.#next, { at: this.time + ms, run });
      return this.#next++;
    },
    clear: (timer: unknown): void => void this.#timers.delete(timer as number),
  };

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = end;
  }
}

/** The far end of one socket. */
class Line {
  readonly sent: ClientFrame[] = [];
  closed = false;
  constructor(readonly handlers: SocketHandlers) {}
  receive(frame: ServerFrame): void {
    this.handlers.message(JSON.stringify(frame));
  }
  of<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type);
  }
}

class Bench {
  readonly clock = new Clock();
  readonly durable = new MemoryStore();
  readonly session = new MemoryStore();
  readonly lines: Line[] = [];
  changes = 0;

  connect(options: Partial<ConnectionOptions> = {}): ChatConnection {
    const connection = new ChatConnection({
      bot: 'shop',
      visible: true,
      locale: 'pt',
      random: () => 1,
      timers: this.clock.timers,
      durable: this.durable,
      session: this.session,
      open: (handlers) => {
        const line = new Line(handlers);
        this.lines.push(line);
        return { send: (data) => line.sent.push(JSON.parse(data) as ClientFrame), close: () => (line.closed = true) };
      },
      changed: () => (this.changes += 1),
      ...options,
    });
    connection.start();
    return connection;
  }

  get line(): Line {
    return this.lines.at(-1) as Line;
  }

  ready(more: Partial<Extract<ServerFrame, { type: 'ready' }>> = {}): void {
    this.line.handlers.open();
    this.line.receive({
      type: 'ready', protocol: 1, conversation: 'cnv_1', seq: 0, owner: false,
      bot: { id: 'bot_1', name: 'shop' }, queued: [], working: false, ...more,
    });
  }

  event(seq: number, event: ChatEvent): void {
    this.line.receive({ type: 'event', seq, at: '2026-11-22T15:20:00Z', event });
  }

  says(seq: number, id: string, text: string, role: 'person' | 'bot' = 'bot'): void {
    this.event(seq, { kind: 'message', id, role, parts: [{ type: 'text', text }] });
  }
}

let bench: Bench;
beforeEach(() => (bench = new Bench()));

const ids = (connection: ChatConnection): string[] => connection.view.entries.map(({ id }) => id);

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
