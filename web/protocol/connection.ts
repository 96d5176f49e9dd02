/**
 * One conversation kept alive: hello and resume, the outbox, acknowledgements, reconnecting, pings. Pure logic: socket,
 * clock, storage and chance are handed in. It knows no DOM; a page renders `view` and calls the verbs.
 */
import { Backoff } from './backoff';
import { CLOSE } from './frames';
import type { BotInfo, ClientFrame, ErrorFrame, QueuedItem, ReadyFrame, ServerFrame, TurnEnded } from './frames';
import { newId } from './ids';
import { Outbox, newOutboxKey, outboxKey } from './outbox';
import type { ConnectionOptions, SendOptions, Socket } from './options';
import { Pending } from './pending';
import type { Tracked } from './pending';
import { Pulse } from './pulse';
import { Transcript } from './transcript';
import type { ConversationView, EndReason, Status } from './view';

/** How often a server may break off for a broken rule before the client stops asking. */
const REFUSALS = 3;

export class ChatConnection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  #transcript = new Transcript();
  readonly #pending: Pending;
  readonly #pulse: Pulse;
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
    this.#pulse = new Pulse(options.timers, () => this.#write({ type: 'ping' }), () => this.#resync());
    this.#conversation = options.conversation ?? null;
    const outbox = this.#conversation
      ? new Outbox(options.durable, outboxKey(this.#conversation))
      : new Outbox(options.session, newOutboxKey(options.bot));
    this.#pending = new Pending(outbox, options.timers, (id) => this.#transcript.has(id));
    this.#pending.adopt();
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
      pending: this.#pending.shown,
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
    this.#pending.stop();
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** Sends, or keeps until it can be sent. Returns the id that the message has for ever. */
  send(text: string, { files = [], attachments = [], action = null, secret = false, replaces = null }: SendOptions = {}): string {
    const id = newId('msg');
    if (secret) this.#secrets = new Set(this.#secrets).add(id);
    const tracked = this.#pending.add({
      id, text, files, attachments, action, secret, createdAt: this.#options.timers.now(), ...(replaces ? { replaces } : {}),
    });
    this.#notice = null;
    this.#transmit(tracked);
    this.#changed();
    return id;
  }

  /** Sends a refused message again, under its own id. */
  retry(id: string): void {
    const message = this.#pending.forgive(id);
    if (!message) return;
    this.#transmit(message);
    this.#changed();
  }

  /** Takes back a message that no turn has taken. */
  withdraw(id: string): void {
    const message = this.#pending.find(id);
    if (!message) return;
    if (!message.acknowledged && (message.delivery !== 'sending' || !this.#ready)) {
      this.#pending.drop(id);
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
    if (visible && this.#ready) this.#pulse.ask();
  }

  /** The network is back, or the person does not want to wait. */
  reconnectNow(): void {
    if (this.#status === 'ended' || this.#socket) return;
    this.#backoff.reset();
    this.#connect();
  }

  /** The browser believes that the network is gone. A server on this machine may be there all the same: ask. */
  suspectOffline(): void {
    if (this.#ready) this.#pulse.ask(3_000);
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
    this.#pending.cutOff();
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
    if (reason === 'deleted') this.#pending.clear();
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

  #clearTimers(): void {
    this.#options.timers.clear(this.#retryTimer);
    this.#pulse.stop();
  }

  // ---- frames ---------------------------------------------------------------------------------------------------

  #receive(data: string): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return this.#resync();
    }
    this.#pulse.answered();
    switch (frame.type) {
      case 'ready':
        this.#onReady(frame);
        break;
      case 'event': {
        const applied = this.#transcript.apply(frame);
        if (applied === 'gap') return this.#resync();
        if (applied === 'duplicate') return;
        if (frame.event.kind === 'message') this.#pending.drop(frame.event.id);
        if (frame.event.kind === 'turn.end') this.#pending.forgetTaken();
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
        if (this.#regeneration?.id === frame.id) this.#regeneration.acknowledged = true;
        this.#pending.acknowledge(frame.id, frame.state);
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
    this.#pending.move(this.#options.durable, outboxKey(ready.conversation));
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
    this.#pending.adopt();
    this.#onQueue(ready.queued ?? []);
    this.#askAnew();
    for (const message of this.#pending.unsent) this.#transmit(message);
    if (this.#visible && !this.#declaredVisible) this.setVisible(true);
    this.#pulse.start();
  }

  #onQueue(all: QueuedItem[]): void {
    this.#pending.queued(all.filter(({ id, regenerates }) => !regenerates && id !== this.#regeneration?.id));
  }

  #onError(frame: ErrorFrame): void {
    const error = { code: frame.code, title: frame.title, detail: frame.detail ?? null };
    if (frame.id && frame.id === this.#regeneration?.id) this.#regeneration = null;
    const message = frame.id ? this.#pending.find(frame.id) : undefined;
    if (message) {
      this.#pending.refuse(message, frame, error, () => this.retry(message.id));
    } else if (frame.code !== 'already_taken') {
      this.#notice = error;
    }
  }

  #changed(): void {
    this.#options.changed();
  }
}
