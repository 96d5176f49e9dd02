/**
 * Messages on their way: what the person has said and the server has not confirmed, and what waits in the server's
 * queue. Kept in the outbox until acknowledged. It sends nothing.
 */
import type { ErrorFrame, QueuedItem } from './frames';
import type { Timers } from './options';
import { STALE_MS } from './outbox';
import type { KeyValueStore, Outbox, OutgoingMessage } from './outbox';
import type { Delivery, PendingMessage } from './view';

/** A message with what only its sending needs. */
export interface Tracked extends PendingMessage {
  attachments: string[];
  action: string | null;
  /** Made here, and not only heard of in the server's queue. */
  ours: boolean;
  acknowledged: boolean;
  timer: unknown;
}

export class Pending {
  #messages: Tracked[] = [];
  #queue: readonly QueuedItem[] = [];
  readonly #outbox: Outbox;
  readonly #timers: Timers;
  /** True for a message that the transcript has. */
  readonly #isThere: (id: string) => boolean;

  constructor(outbox: Outbox, timers: Timers, isThere: (id: string) => boolean) {
    this.#outbox = outbox;
    this.#timers = timers;
    this.#isThere = isThere;
  }

  get shown(): PendingMessage[] {
    return this.#messages.map(({ attachments: _a, action: _b, ours: _c, acknowledged: _d, timer: _e, ...shown }) => shown);
  }

  /** What is to be sent now that there is a connection. */
  get unsent(): Tracked[] {
    return this.#messages.filter(({ ours, acknowledged, delivery }) => ours && !acknowledged && delivery === 'waiting');
  }

  find(id: string): Tracked | undefined {
    return this.#messages.find((item) => item.id === id);
  }

  add(message: OutgoingMessage): Tracked {
    this.#outbox.add(message);
    const tracked = track(message);
    this.#messages = [...this.#messages, tracked];
    return tracked;
  }

  /** Shows what the outbox holds: kept by an earlier page, or by another tab. */
  adopt(): void {
    const now = this.#timers.now();
    for (const message of this.#outbox.items) {
      if (this.#isThere(message.id) || this.find(message.id)) continue;
      const tracked = track(message);
      if (message.refused) {
        Object.assign(tracked, { delivery: 'failed', error: message.refused });
      } else if (now - message.createdAt > STALE_MS) {
        tracked.delivery = 'failed';
        tracked.error = { code: 'stale', title: '', detail: null };
      }
      this.#messages.push(tracked);
    }
  }

  /** The conversation has an id now. */
  move(store: KeyValueStore, key: string): void {
    this.#outbox.move(store, key);
  }

  drop(id: string): void {
    this.#outbox.remove(id);
    const message = this.find(id);
    if (!message) return;
    this.#timers.clear(message.timer);
    this.#messages = this.#messages.filter((item) => item.id !== id);
  }

  /** Forgets everything, also what is kept. */
  clear(): void {
    for (const { id } of this.#messages) this.#outbox.remove(id);
    this.#messages = [];
  }

  /** Stops waiting for anything; what is kept stays. */
  stop(): void {
    for (const message of this.#messages) this.#timers.clear(message.timer);
  }

  /** The connection is gone: what was on its way may not have arrived. */
  cutOff(): void {
    for (const message of this.#messages) {
      if (message.delivery === 'sending') message.delivery = 'waiting';
    }
  }

  acknowledge(id: string, delivery: Delivery): void {
    this.#outbox.remove(id);
    const message = this.find(id);
    if (message) Object.assign(message, { acknowledged: true, delivery, error: null, until: null });
  }

  /** A refused message may be sent again. */
  forgive(id: string): Tracked | undefined {
    const message = this.find(id);
    if (!message || !message.ours || message.acknowledged) return undefined;
    this.#timers.clear(message.timer);
    Object.assign(message, { timer: null, error: null, until: null });
    this.#outbox.mark(id, undefined);
    return message;
  }

  /** The server does not take a message; one that came too early is tried again by itself. */
  refuse(message: Tracked, frame: ErrorFrame, error: NonNullable<PendingMessage['error']>, again: () => void): void {
    if (frame.code === 'already_taken' || (frame.code === 'not_found' && message.withdrawing)) {
      Object.assign(message, { withdrawing: false, delivery: 'taken' });
      return;
    }
    if (frame.code === 'rate_limited' && frame.retry_after) {
      const ms = frame.retry_after * 1000;
      this.#timers.clear(message.timer);
      const until = this.#timers.now() + ms;
      Object.assign(message, { delivery: 'limited', error, until, timer: this.#timers.set(again, ms) });
      return;
    }
    // Kept, but not sent again by itself: the person decides.
    this.#outbox.mark(message.id, error);
    Object.assign(message, { delivery: 'failed', error });
  }

  /** The server's queue as it is now. */
  queued(items: readonly QueuedItem[]): void {
    this.#queue = items;
    const waiting = new Set(items.map(({ id }) => id));
    this.#messages = this.#messages.filter((message) => {
      if (waiting.has(message.id)) return true;
      if (!message.acknowledged) return true;
      // Not in the queue any more: withdrawn, or taken by the turn whose event brings it.
      if (message.withdrawing || !message.ours) return false;
      message.delivery = 'taken';
      return true;
    });
    for (const item of items) {
      const known = this.find(item.id);
      if (known) Object.assign(known, { acknowledged: true, delivery: 'queued', error: null, until: null });
      else if (!this.#isThere(item.id)) this.#messages.push(heardOf(item));
    }
  }

  /** After a turn, a message that is neither queued nor in the transcript was withdrawn somewhere else. */
  forgetTaken(): void {
    const waiting = new Set(this.#queue.map(({ id }) => id));
    this.#messages = this.#messages.filter(
      (message) => !(message.acknowledged && message.delivery === 'taken' && !waiting.has(message.id)),
    );
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
