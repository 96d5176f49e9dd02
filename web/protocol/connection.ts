/**
 * One conversation kept alive: hello and resume, the outbox, acknowledgements, reconnecting, pings. Pure logic: socket,
 * clock, storage and chance are handed in. It knows no DOM; a page renders `view` and calls the verbs.
 */
import { Backoff } from './backoff';
import { CLOSE } from './frames';
import type {
  BotInfo, ClientFrame, ErrorFrame, FilePart, HearInput, QueuedItem, ReadyFrame, ServerFrame, Suggestion,
  TurnEnded,
} from './frames';
import { newId } from './ids';
import { Outbox, STALE_MS } from './outbox';
import type { KeyValueStore, OutgoingMessage } from './outbox';
import { Transcript } from './transcript';
import type { EarlierVersion, Entry, Question } from './transcript';

export interface SocketHandlers {
  open(): void;
  message(data: string): void;
  close(code: number): void;
}

export interface Socket {
  send(data: string): void;
  close(code?: number): void;
}

export interface Timers {
  now(): number;
  set(run: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export interface ConnectionOptions {
  bot: string;
  conversation?: string | undefined;
  locale?: string | undefined;
  visible: boolean;
  /** Opens a socket to the bot; called for every attempt. */
  open(handlers: SocketHandlers): Socket;
  timers: Timers;
  random?: () => number;
  /** Survives the tab: for conversations that have an id. */
  durable: KeyValueStore;
  /** Lives as long as the tab: for a conversation that has none yet. */
  session: KeyValueStore;
  changed(): void;
}

export type Status = 'connecting' | 'online' | 'reconnecting' | 'ended';
export type EndReason = 'deleted' | 'not_found' | 'refused';

/**
 * `waiting`: no connection, will be sent by itself. `sending`: on its way. `queued`: committed, a turn will take it.
 * `taken`: committed, a turn has it. `limited`: refused for now, sent again by itself at `until`. `failed`: refused.
 */
export type Delivery = 'waiting' | 'sending' | 'queued' | 'taken' | 'limited' | 'failed';

export interface PendingMessage {
  id: string;
  text: string;
  files: FilePart[];
  secret: boolean;
  /** The message whose place it takes. */
  replaces: string | null;
  delivery: Delivery;
  until: number | null;
  error: { code: string; title: string; detail: string | null } | null;
  withdrawing: boolean;
}

export interface ConversationView {
  status: Status;
  ended: EndReason | null;
  /** When the next attempt begins, while `reconnecting`. */
  retryAt: number | null;
  /** True once the server has sent everything it had. */
  loaded: boolean;
  conversation: string | null;
  bot: BotInfo | null;
  owner: boolean;
  title: string | null;
  entries: readonly Entry[];
  /** What was answered anew or edited. */
  earlier: readonly EarlierVersion[];
  /** The person's message for which another answer was asked and has not begun. */
  regenerating: string | null;
  pending: readonly PendingMessage[];
  suggestions: readonly Suggestion[];
  hear: HearInput | null;
  /** The question that `hear` belongs to. */
  question: Question | null;
  working: boolean;
  /** Messages whose text must not be shown. */
  secrets: ReadonlySet<string>;
  /** A refusal that belongs to no message. */
  notice: { code: string; title: string; detail: string | null } | null;
}

interface Tracked extends PendingMessage {
  attachments: string[];
  action: string | null;
  /** Made here, and not only heard of in the server's queue. */
  ours: boolean;
  acknowledged: boolean;
  timer: unknown;
}

export const PING_MS = 25_000;
export const PONG_MS = 10_000;
/** How often a server may break off for a broken rule before the client stops asking. */
const REFUSALS = 3;

export interface SendOptions {
  files?: FilePart[];
  attachments?: string[];
  action?: string | null;
  secret?: boolean;
  replaces?: string | null;
}

export class ChatConnection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  #transcript = new Transcript();
  #outbox: Outbox;
  #pending: Tracked[] = [];
  #queue: QueuedItem[] = [];
  #secrets = new Set<string>();

  #socket: Socket | null = null;
  /** Handlers of an abandoned socket carry an older number and are not listened to. */
  #generation = 0;
  #status: Status = 'connecting';
  #ended: EndReason | null = null;
  #ready = false;
  #readySeq = 0;
  #visible: boolean;
  #declaredVisible = false;
  #refusals = 0;
  #retryTimer: unknown = null;
  #retryAt: number | null = null;
  #pingTimer: unknown = null;
  #pongTimer: unknown = null;

  #conversation: string | null;
  #bot: BotInfo | null = null;
  #owner = false;
  #working = false;
  /** Asked for and not begun. It is asked again after a reconnect until it is acknowledged. */
  #regeneration: { id: string; message: string; acknowledged: boolean } | null = null;
  #notice: ConversationView['notice'] = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random ? { random: options.random } : {});
    this.#visible = options.visible;
    this.#conversation = options.conversation ?? null;
    this.#outbox = this.#conversation
      ? new Outbox(options.durable, outboxKey(this.#conversation))
      : new Outbox(options.session, newOutboxKey(options.bot));
    this.#adoptOutbox();
  }

  get view(): ConversationView {
    return {
      status: this.#status,
      ended: this.#ended,
      retryAt: this.#retryAt,
      loaded: this.#ready && this.#transcript.seq >= this.#readySeq,
      conversation: this.#conversation,
      bot: this.#bot,
      owner: this.#owner,
      title: this.#transcript.title,
      entries: this.#transcript.entries,
      earlier: this.#transcript.earlier,
      regenerating: this.#regeneration?.message ?? null,
      pending: this.#pending.map(({ attachments: _a, action: _b, ours: _c, acknowledged: _d, timer: _e, ...shown }) => shown),
      suggestions: this.#transcript.suggestions,
      hear: this.#transcript.question?.input ?? null,
      question: this.#transcript.question,
      working: this.#working,
      secrets: new Set([...this.#secrets, ...this.#transcript.secrets]),
      notice: this.#notice,
    };
  }

  // ---- verbs of the page ----------------------------------------------------------------------------------------

  start(): void {
    this.#connect();
  }

  /** Leaves the conversation. What is not acknowledged stays in the outbox. */
  stop(): void {
    this.#generation += 1;
    this.#clearTimers();
    for (const message of this.#pending) this.#options.timers.clear(message.timer);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** Sends, or keeps until it can be sent. Returns the id that the message has for ever. */
  send(text: string, { files = [], attachments = [], action = null, secret = false, replaces = null }: SendOptions = {}): string {
    const id = newId('msg');
    if (secret) this.#secrets = new Set(this.#secrets).add(id);
    const message: OutgoingMessage = {
      id, text, files, attachments, action, secret, createdAt: this.#options.timers.now(), ...(replaces ? { replaces } : {}),
    };
    this.#outbox.add(message);
    const tracked = track(message);
    this.#pending = [...this.#pending, tracked];
    this.#notice = null;
    this.#transmit(tracked);
    this.#changed();
    return id;
  }

  /** Sends a refused message again, under its own id. */
  retry(id: string): void {
    const message = this.#pending.find((item) => item.id === id);
    if (!message || !message.ours || message.acknowledged) return;
    this.#options.timers.clear(message.timer);
    Object.assign(message, { timer: null, error: null, until: null });
    this.#outbox.mark(id, undefined);
    this.#transmit(message);
    this.#changed();
  }

  /** Takes back a message that no turn has taken. */
  withdraw(id: string): void {
    const message = this.#pending.find((item) => item.id === id);
    if (!message) return;
    if (!message.acknowledged && (message.delivery !== 'sending' || !this.#ready)) {
      this.#drop(id);
    } else {
      message.withdrawing = true;
      this.#write({ type: 'withdraw', id });
    }
    this.#changed();
  }

  cancel(): void {
    this.#write({ type: 'cancel' });
  }

  /** Asks for another answer to a message of the person. */
  regenerate(message: string): void {
    if (this.#regeneration) return;
    this.#regeneration = { id: newId('msg'), message, acknowledged: false };
    this.#notice = null;
    this.#askAnew();
    this.#changed();
  }

  /** Its turn is over, whatever came of it. The acknowledgement may come later than that. */
  #regenerated({ item }: TurnEnded): boolean {
    return item ? item === this.#regeneration?.id : this.#regeneration?.acknowledged ?? false;
  }

  #askAnew(): void {
    if (!this.#regeneration || this.#regeneration.acknowledged) return;
    const { id, message } = this.#regeneration;
    this.#write({ type: 'regenerate', id, message });
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#ready && !this.#declaredVisible) {
      this.#declaredVisible = true;
      this.#write({ type: 'visible' });
    }
    // Browsers stop timers of hidden pages: ask at once whether the connection still lives.
    if (visible && this.#ready) this.#ping();
  }

  /** The network is back, or the person does not want to wait. */
  reconnectNow(): void {
    if (this.#status === 'ended' || this.#socket) return;
    this.#backoff.reset();
    this.#connect();
  }

  /** The browser believes that the network is gone. A server on this machine may be there all the same: ask. */
  suspectOffline(): void {
    if (this.#ready) this.#ping(3_000);
  }

  dismissNotice(): void {
    this.#notice = null;
    this.#changed();
  }

  // ---- the socket -----------------------------------------------------------------------------------------------

  #connect(): void {
    this.#clearTimers();
    const generation = ++this.#generation;
    const current = (): boolean => generation === this.#generation;
    this.#ready = false;
    this.#declaredVisible = false;
    this.#retryAt = null;
    try {
      this.#socket = this.#options.open({
        open: () => {
          if (!current()) return;
          this.#declaredVisible = this.#visible;
          this.#write({
            type: 'hello',
            ...(this.#conversation ? { conversation: this.#conversation } : {}),
            ...(this.#transcript.seq > 0 ? { after: this.#transcript.seq } : {}),
            visible: this.#visible,
            ...(this.#options.locale ? { locale: this.#options.locale } : {}),
          }, true);
        },
        message: (data) => {
          if (current()) this.#receive(data);
        },
        close: (code) => {
          if (current()) this.#closed(code);
        },
      });
    } catch {
      this.#closed(1006);
    }
    this.#changed();
  }

  #closed(code: number): void {
    this.#generation += 1;
    this.#socket = null;
    this.#ready = false;
    this.#clearTimers();
    for (const message of this.#pending) {
      if (message.delivery === 'sending') message.delivery = 'waiting';
    }
    if (code === CLOSE.notFound) return this.#end('not_found');
    if (code === CLOSE.deleted) return this.#end('deleted');
    if (code === CLOSE.brokeRules) {
      this.#refusals += 1;
      if (this.#refusals >= REFUSALS) return this.#end('refused');
    }
    this.#status = 'reconnecting';
    this.#working = false;
    const delay = this.#backoff.next();
    this.#retryAt = this.#options.timers.now() + delay;
    this.#retryTimer = this.#options.timers.set(() => this.#connect(), delay);
    this.#changed();
  }

  #end(reason: EndReason): void {
    this.#status = 'ended';
    this.#ended = reason;
    this.#working = false;
    if (reason === 'deleted') {
      for (const { id } of this.#pending) this.#outbox.remove(id);
      this.#pending = [];
    }
    this.#changed();
  }

  /** Drops the connection and asks for everything after what we have. */
  #resync(): void {
    const socket = this.#socket;
    this.#generation += 1;
    this.#socket = null;
    socket?.close(1000);
    this.#closed(1006);
  }

  #write(frame: ClientFrame, greeting = false): boolean {
    if (!this.#socket || (!this.#ready && !greeting)) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #transmit(message: Tracked): void {
    const sent = this.#write({
      type: 'message',
      id: message.id,
      text: message.text,
      ...(message.attachments.length > 0 ? { attachments: message.attachments } : {}),
      ...(message.action === null ? {} : { action: message.action }),
      ...(message.replaces === null ? {} : { replaces: message.replaces }),
    });
    message.delivery = sent ? 'sending' : 'waiting';
  }

  #ping(patience = PONG_MS): void {
    const { timers } = this.#options;
    if (!this.#write({ type: 'ping' })) return;
    timers.clear(this.#pongTimer);
    this.#pongTimer = timers.set(() => this.#resync(), patience);
    timers.clear(this.#pingTimer);
    this.#pingTimer = timers.set(() => this.#ping(), PING_MS);
  }

  #clearTimers(): void {
    const { timers } = this.#options;
    timers.clear(this.#retryTimer);
    timers.clear(this.#pingTimer);
    timers.clear(this.#pongTimer);
  }

  // ---- frames ---------------------------------------------------------------------------------------------------

  #receive(data: string): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return this.#resync();
    }
    // Whatever arrives proves that the other side lives.
    this.#options.timers.clear(this.#pongTimer);
    switch (frame.type) {
      case 'ready':
        this.#onReady(frame);
        break;
      case 'event': {
        const applied = this.#transcript.apply(frame);
        if (applied === 'gap') return this.#resync();
        if (applied === 'duplicate') return;
        if (frame.event.kind === 'message') this.#drop(frame.event.id);
        if (frame.event.kind === 'turn.end') this.#forgetTaken();
        // The new answer begins by setting the old one aside, or comes to nothing.
        if (frame.event.kind === 'superseded' || (frame.event.kind === 'turn.end' && this.#regenerated(frame.event))) {
          this.#regeneration = null;
        }
        if (this.#transcript.deleted) {
          this.#generation += 1;
          this.#socket?.close(1000);
          this.#socket = null;
          this.#clearTimers();
          return this.#end('deleted');
        }
        break;
      }
      case 'ack': {
        this.#outbox.remove(frame.id);
        if (this.#regeneration?.id === frame.id) this.#regeneration.acknowledged = true;
        const message = this.#pending.find(({ id }) => id === frame.id);
        if (message) Object.assign(message, { acknowledged: true, delivery: frame.state, error: null, until: null });
        break;
      }
      case 'queue':
        this.#onQueue(frame.items);
        break;
      case 'working':
        this.#working = frame.on;
        break;
      case 'delta':
        this.#transcript.applyDelta(frame, new Date(this.#options.timers.now()).toISOString());
        break;
      case 'stream':
        this.#transcript.applyStream(frame, new Date(this.#options.timers.now()).toISOString());
        break;
      case 'error':
        this.#onError(frame);
        break;
      case 'pong':
        return;
      case 'bye':
        // The close follows; a planned restart is no reason to wait long.
        this.#backoff.reset();
        return;
      default:
        return;
    }
    this.#changed();
  }

  #onReady(ready: ReadyFrame): void {
    const { timers } = this.#options;
    const other = this.#conversation !== null && this.#conversation !== ready.conversation;
    // Fewer events than we have: the server was restored from a backup. Its word counts.
    if (other || ready.seq < this.#transcript.seq) {
      this.#transcript = new Transcript();
      if (!other) {
        this.#conversation = ready.conversation;
        return this.#resync();
      }
    }
    this.#conversation = ready.conversation;
    this.#outbox.move(this.#options.durable, outboxKey(ready.conversation));
    this.#bot = ready.bot;
    this.#owner = ready.owner ?? false;
    this.#working = ready.working ?? false;
    if (ready.title !== undefined) this.#transcript.title = ready.title;
    this.#ready = true;
    this.#readySeq = ready.seq;
    this.#status = 'online';
    this.#refusals = 0;
    this.#backoff.reset();
    // Nothing runs and nothing is to come: what was being written when the connection broke was not committed.
    if (!this.#working && ready.seq === this.#transcript.seq) this.#transcript.endStream();
    this.#adoptOutbox();
    this.#onQueue(ready.queued ?? []);
    this.#askAnew();
    for (const message of this.#pending) {
      if (message.ours && !message.acknowledged && message.delivery === 'waiting') this.#transmit(message);
    }
    if (this.#visible && !this.#declaredVisible) this.setVisible(true);
    this.#pingTimer = timers.set(() => this.#ping(), PING_MS);
  }

  #onQueue(all: QueuedItem[]): void {
    const items = all.filter(({ id, regenerates }) => !regenerates && id !== this.#regeneration?.id);
    this.#queue = items;
    const waiting = new Set(items.map(({ id }) => id));
    this.#pending = this.#pending.filter((message) => {
      if (waiting.has(message.id)) return true;
      if (!message.acknowledged) return true;
      // Not in the queue any more: withdrawn, or taken by the turn whose event brings it.
      if (message.withdrawing || !message.ours) return false;
      message.delivery = 'taken';
      return true;
    });
    for (const item of items) {
      const known = this.#pending.find(({ id }) => id === item.id);
      if (known) Object.assign(known, { acknowledged: true, delivery: 'queued', error: null, until: null });
      else if (!this.#transcript.has(item.id)) this.#pending.push(heardOf(item));
    }
  }

  #onError(frame: ErrorFrame): void {
    const error = { code: frame.code, title: frame.title, detail: frame.detail ?? null };
    if (frame.id && frame.id === this.#regeneration?.id) this.#regeneration = null;
    const message = frame.id ? this.#pending.find(({ id }) => id === frame.id) : undefined;
    if (!message) {
      if (frame.code !== 'already_taken') this.#notice = error;
      return;
    }
    if (frame.code === 'already_taken' || (frame.code === 'not_found' && message.withdrawing)) {
      Object.assign(message, { withdrawing: false, delivery: 'taken' });
      return;
    }
    const { timers } = this.#options;
    if (frame.code === 'rate_limited' && frame.retry_after) {
      const ms = frame.retry_after * 1000;
      timers.clear(message.timer);
      Object.assign(message, {
        delivery: 'limited',
        error,
        until: timers.now() + ms,
        timer: timers.set(() => this.retry(message.id), ms),
      });
      return;
    }
    // Kept, but not sent again by itself: the person decides.
    this.#outbox.mark(message.id, error);
    Object.assign(message, { delivery: 'failed', error });
  }

  // ---- bookkeeping ----------------------------------------------------------------------------------------------

  /** Shows what the outbox holds: kept by an earlier page, or by another tab. */
  #adoptOutbox(): void {
    const now = this.#options.timers.now();
    for (const message of this.#outbox.items) {
      if (this.#transcript.has(message.id) || this.#pending.some(({ id }) => id === message.id)) continue;
      const tracked = track(message);
      if (message.refused) {
        Object.assign(tracked, { delivery: 'failed', error: message.refused });
      } else if (now - message.createdAt > STALE_MS) {
        tracked.delivery = 'failed';
        tracked.error = { code: 'stale', title: '', detail: null };
      }
      this.#pending.push(tracked);
    }
  }

  #drop(id: string): void {
    this.#outbox.remove(id);
    const message = this.#pending.find((item) => item.id === id);
    if (!message) return;
    this.#options.timers.clear(message.timer);
    this.#pending = this.#pending.filter((item) => item.id !== id);
  }

  /** After a turn, a message that is neither queued nor in the transcript was withdrawn somewhere else. */
  #forgetTaken(): void {
    const waiting = new Set(this.#queue.map(({ id }) => id));
    this.#pending = this.#pending.filter(
      (message) => !(message.acknowledged && message.delivery === 'taken' && !waiting.has(message.id)),
    );
  }

  #changed(): void {
    this.#options.changed();
  }
}

function track(message: OutgoingMessage): Tracked {
  return {
    id: message.id,
    text: message.text,
    files: message.files,
    secret: message.secret,
    replaces: message.replaces ?? null,
    attachments: message.attachments,
    action: message.action,
    delivery: 'waiting',
    until: null,
    error: null,
    withdrawing: false,
    ours: true,
    acknowledged: false,
    timer: null,
  };
}

function heardOf(item: QueuedItem): Tracked {
  return {
    ...track({ id: item.id, text: item.text, files: [], attachments: [], action: null, secret: false, createdAt: 0 }),
    delivery: 'queued',
    ours: false,
    acknowledged: true,
  };
}

function outboxKey(conversation: string): string {
  return `botserver.outbox.${conversation}`;
}

function newOutboxKey(bot: string): string {
  return `botserver.outbox.new.${bot}`;
}
