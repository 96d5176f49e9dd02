/** The far end of a chat connection: sockets that say what they are told, clocks that go when they are told. */
import { ChatConnection } from '../protocol/connection';
import type { ConnectionOptions, SocketHandlers } from '../protocol/options';
import type { ChatEvent, ClientFrame, ServerFrame } from '../protocol/frames';
import type { KeyValueStore } from '../protocol/outbox';

export class MemoryStore implements KeyValueStore {
  readonly map = new Map<string, string>();
  getItem = (key: string): string | null => this.map.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.map.set(key, value);
  removeItem = (key: string): void => void this.map.delete(key);
}

export class Clock {
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
export class Line {
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

export class Bench {
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

/** The ids of what is shown. */
export const ids = (connection: ChatConnection): string[] => connection.view.entries.map(({ id }) => id);
