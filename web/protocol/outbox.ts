/**
 * Messages that the server has not acknowledged. They live in the browser's storage, so a reload, a crash of the page
 * or a day without network loses none. Secrets are the exception: they stay in memory only.
 */
import type { FilePart } from './frames';

export interface OutgoingMessage {
  id: string;
  text: string;
  /** What is shown in place of the text until the message is committed. */
  files: FilePart[];
  attachments: string[];
  action: string | null;
  secret: boolean;
  createdAt: number;
  /** The message whose place it takes. */
  replaces?: string;
  /** Why the server refused it; it is kept for the person to decide about. */
  refused?: { code: string; title: string; detail: string | null };
}

/** The part of `Storage` that is needed; a throwing or missing one degrades to memory. */
export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** After this long a kept message is shown and asked about, not sent by itself. */
export const STALE_MS = 60 * 60 * 1000;

export class Outbox {
  #items: OutgoingMessage[] = [];
  #store: KeyValueStore;
  #key: string;

  constructor(store: KeyValueStore, key: string) {
    this.#store = store;
    this.#key = key;
    this.#items = Outbox.#read(store, key);
  }

  get items(): readonly OutgoingMessage[] {
    return this.#items;
  }

  add(message: OutgoingMessage): void {
    this.#items.push(message);
    this.#write();
  }

  /** Notes or clears a refusal. */
  mark(id: string, refused: OutgoingMessage['refused']): void {
    this.#items = this.#items.map((item) => {
      if (item.id !== id) return item;
      const { refused: _, ...rest } = item;
      return refused ? { ...rest, refused } : rest;
    });
    this.#write();
  }

  remove(id: string): void {
    const before = this.#items.length;
    this.#items = this.#items.filter((item) => item.id !== id);
    if (this.#items.length !== before) this.#write();
  }

  /** The conversation has got its id: keep everything under it, together with what was kept there already. */
  move(store: KeyValueStore, key: string): void {
    if (key === this.#key && store === this.#store) return;
    const there = Outbox.#read(store, key);
    try {
      this.#store.removeItem(this.#key);
    } catch {
      // Storage may be switched off; then nothing was kept there either.
    }
    this.#store = store;
    this.#key = key;
    this.#items = [...there, ...this.#items.filter((item) => !there.some(({ id }) => id === item.id))];
    this.#write();
  }

  static #read(store: KeyValueStore, key: string): OutgoingMessage[] {
    try {
      const parsed: unknown = JSON.parse(store.getItem(key) ?? '[]');
      return Array.isArray(parsed) ? parsed.filter(isOutgoing) : [];
    } catch {
      return [];
    }
  }

  #write(): void {
    const kept = this.#items.filter((item) => !item.secret);
    try {
      if (kept.length === 0) this.#store.removeItem(this.#key);
      else this.#store.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // Full or forbidden storage: the page still holds them in memory.
    }
  }
}

function isOutgoing(value: unknown): value is OutgoingMessage {
  const item = value as Partial<OutgoingMessage> | null;
  return typeof item === 'object' && item !== null
    && typeof item.id === 'string' && typeof item.text === 'string'
    && Array.isArray(item.files) && Array.isArray(item.attachments) && typeof item.createdAt === 'number';
}

/** Where the messages of a conversation are kept. */
export function outboxKey(conversation: string): string {
  return `botserver.outbox.${conversation}`;
}

/** Where those of a conversation are kept that has no id yet. */
export function newOutboxKey(bot: string): string {
  return `botserver.outbox.new.${bot}`;
}
