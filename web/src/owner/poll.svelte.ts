/** Asks the server again and again; less often while it fails, and not while nobody looks. */
import { ApiError } from '$protocol';

const EVERY_MS = 2_000;
const MOST_MS = 60_000;

export class Poll<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  updatedAt = $state<number | null>(null);
  /** Nobody but the owner may look. */
  denied = $state(false);

  readonly #question: (signal: AbortSignal) => Promise<T>;
  readonly #every: (data: T | null) => number;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #abort = new AbortController();
  /** The answer to an older question is not news. */
  #asked = 0;

  constructor(question: (signal: AbortSignal) => Promise<T>, every: (data: T | null) => number = () => EVERY_MS) {
    this.#question = question;
    this.#every = every;
  }

  start(): void {
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.ask();
    }, { signal: this.#abort.signal });
    void this.ask();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  async ask(): Promise<void> {
    clearTimeout(this.#timer);
    const asked = (this.#asked += 1);
    try {
      const data = await this.#question(this.#abort.signal);
      if (asked !== this.#asked || this.#abort.signal.aborted) return;
      this.data = data;
      this.updatedAt = Date.now();
      this.error = null;
      this.denied = false;
      this.#failures = 0;
    } catch (error) {
      if (asked !== this.#asked || this.#abort.signal.aborted) return;
      this.error = error;
      this.denied = error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 404);
      this.#failures += 1;
    }
    // A hidden page asks again when it is looked at.
    if (document.hidden || this.denied) return;
    const delay = Math.min(MOST_MS, this.#every(this.data) * 2 ** Math.min(this.#failures, 5));
    this.#timer = setTimeout(() => void this.ask(), delay);
  }
}
