/** Asks for the overview every two seconds; less often while it fails or nobody looks. */
import { ApiError, api } from '$protocol';
import type { Overview } from './types';

const EVERY_MS = 2_000;
const MOST_MS = 60_000;

export class OverviewPoll {
  data = $state.raw<Overview | null>(null);
  error = $state.raw<unknown>(null);
  updatedAt = $state<number | null>(null);
  /** Nobody but the owner may look. */
  denied = $state(false);

  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #abort = new AbortController();

  start(): void {
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.#ask();
    }, { signal: this.#abort.signal });
    void this.#ask();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const data = await api.overview<Overview>(this.#abort.signal);
      this.data = data;
      this.updatedAt = Date.now();
      this.error = null;
      this.denied = false;
      this.#failures = 0;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error;
      this.denied = error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 404);
      this.#failures += 1;
    }
    // A hidden page asks again when it is looked at.
    if (document.hidden || this.denied) return;
    const delay = Math.min(MOST_MS, EVERY_MS * 2 ** Math.min(this.#failures, 5));
    this.#timer = setTimeout(() => void this.#ask(), delay);
  }
}
