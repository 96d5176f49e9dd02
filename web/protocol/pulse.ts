/** Asks now and then whether the other side still lives. Knows no socket. */
import type { Timers } from './options';

export const PING_MS = 25_000;
export const PONG_MS = 10_000;

export class Pulse {
  #pingTimer: unknown = null;
  #pongTimer: unknown = null;
  readonly #timers: Timers;
  /** Asks; false if nobody can be asked. */
  readonly #ask: () => boolean;
  readonly #lost: () => void;

  constructor(timers: Timers, ask: () => boolean, lost: () => void) {
    this.#timers = timers;
    this.#ask = ask;
    this.#lost = lost;
  }

  /** Asks in a while. */
  start(): void {
    this.#pingTimer = this.#timers.set(() => this.ask(), PING_MS);
  }

  /** Asks at once; without an answer in time the other side is lost. */
  ask(patience = PONG_MS): void {
    if (!this.#ask()) return;
    this.#timers.clear(this.#pongTimer);
    this.#pongTimer = this.#timers.set(() => this.#lost(), patience);
    this.#timers.clear(this.#pingTimer);
    this.start();
  }

  /** Whatever arrives proves that the other side lives. */
  answered(): void {
    this.#timers.clear(this.#pongTimer);
  }

  stop(): void {
    this.#timers.clear(this.#pingTimer);
    this.#timers.clear(this.#pongTimer);
  }
}
