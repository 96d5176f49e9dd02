/** How long to wait before the next attempt: doubling, capped, and spread so that clients do not return together. */
export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  random: () => number;
}

export class Backoff {
  #attempt = 0;
  readonly #options: BackoffOptions;

  constructor(options: Partial<BackoffOptions> = {}) {
    this.#options = { baseMs: 500, maxMs: 30_000, random: Math.random, ...options };
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** The next delay: between half of the step and the whole step. */
  next(): number {
    const { baseMs, maxMs, random } = this.#options;
    const step = Math.min(maxMs, baseMs * 2 ** Math.min(this.#attempt, 20));
    this.#attempt += 1;
    return Math.round(step / 2 + (step / 2) * random());
  }

  reset(): void {
    this.#attempt = 0;
  }
}
