/** What a connection is given: a way to open sockets, time, places to keep things. */
import type { FilePart } from './frames';
import type { KeyValueStore } from './outbox';

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

export interface SendOptions {
  files?: FilePart[];
  attachments?: string[];
  action?: string | null;
  secret?: boolean;
  replaces?: string | null;
}
