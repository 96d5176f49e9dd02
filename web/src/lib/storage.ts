/** Browser storage that may be switched off, full or forbidden: then it is memory. */
import type { KeyValueStore } from '$protocol';

class SafeStorage implements KeyValueStore {
  readonly #memory = new Map<string, string>();
  readonly #storage: Storage | null;

  constructor(storage: () => Storage) {
    let found: Storage | null = null;
    try {
      found = storage();
    } catch {
      // A sandboxed or cookie-less frame.
    }
    this.#storage = found;
  }

  getItem(key: string): string | null {
    try {
      return this.#memory.get(key) ?? this.#storage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  setItem(key: string, value: string): void {
    try {
      if (!this.#storage) throw new Error('no storage');
      this.#storage.setItem(key, value);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, value);
    }
  }

  removeItem(key: string): void {
    this.#memory.delete(key);
    try {
      this.#storage?.removeItem(key);
    } catch {
      // Nothing was kept.
    }
  }
}

export const durable: KeyValueStore = new SafeStorage(() => localStorage);
export const session: KeyValueStore = new SafeStorage(() => sessionStorage);
