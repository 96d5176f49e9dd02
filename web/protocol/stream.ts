/**
 * One answer while it is being written: deltas joined into text, whatever order they come in. Pure. It knows nothing of
 * the transcript that shows it.
 */
import type { DeltaFrame, Part, StreamFrame } from './frames';

/** A delta that came before the one it follows waits; so many at most, then the committed message is waited for. */
const EARLY = 200;

/** Text that grows at its end, counted in code points. */
class Growing {
  text = '';
  #length = 0;
  #early = new Map<number, string>();

  /** Returns whether the text is longer now. */
  add(offset: number, text: string): boolean {
    if (!this.#append(offset, text)) return false;
    for (let more = true; more;) {
      more = false;
      for (const [at, early] of this.#early) {
        if (at > this.#length) continue;
        this.#early.delete(at);
        this.#append(at, early);
        more = true;
      }
    }
    return true;
  }

  /** All so far, as the server has it. It may be behind what has arrived already. */
  reset(text: string): void {
    const length = Array.from(text).length;
    if (length < this.#length) return;
    this.text = text;
    this.#length = length;
    this.add(length, '');
  }

  #append(offset: number, text: string): boolean {
    if (offset > this.#length) {
      if (this.#early.size < EARLY) this.#early.set(offset, text);
      return false;
    }
    const points = Array.from(text);
    const repeated = this.#length - offset;
    if (repeated > 0 && repeated >= points.length) return false;
    this.text += repeated === 0 ? text : points.slice(repeated).join('');
    this.#length = offset + points.length;
    return true;
  }
}

export class AnswerStream {
  readonly message: string;
  readonly turn: string | number | null;
  readonly attempt: number;
  readonly #text = new Growing();
  readonly #reasoning = new Growing();
  /** When the first and the last of the reasoning came, in milliseconds. */
  #thinkingFrom: number | null = null;
  #thinkingTo: number | null = null;

  constructor({ message, turn, attempt }: Pick<DeltaFrame, 'message' | 'turn' | 'attempt'>) {
    this.message = message;
    this.turn = turn ?? null;
    this.attempt = attempt;
  }

  /** Returns whether there is something new to show. */
  delta({ part, offset, text }: DeltaFrame, now: number): boolean {
    if (part === 'reasoning') {
      this.#thinkingFrom ??= now;
      return this.#reasoning.add(offset, text);
    }
    if (this.#thinkingFrom !== null) this.#thinkingTo ??= now;
    return this.#text.add(offset, text);
  }

  all({ text, reasoning }: StreamFrame): void {
    this.#text.reset(text);
    if (reasoning) this.#reasoning.reset(reasoning);
  }

  get empty(): boolean {
    return this.#text.text === '' && this.#reasoning.text === '';
  }

  get parts(): Part[] {
    const reasoning = this.#reasoning.text;
    const text = this.#text.text;
    const seconds = this.#thinkingFrom !== null && this.#thinkingTo !== null
      ? (this.#thinkingTo - this.#thinkingFrom) / 1000
      : null;
    return [
      ...(reasoning ? [{ type: 'reasoning' as const, text: reasoning, seconds }] : []),
      ...(text || !reasoning ? [{ type: 'text' as const, text }] : []),
    ];
  }
}
