/**
 * The committed events of one conversation, folded into what a page shows. Pure: it knows no socket and no clock.
 * Entries that did not change keep their identity, so a page re-renders only what is new.
 */
import type {
  CommittedEvent, DeltaFrame, HearInput, Outcome, Part, ScriptError, Suggestion, Timestamp,
} from './frames';

/** What a script asked. Asked again after an answer that it could not take, it is still the same question. */
export interface Question {
  /** The number of the event that asked it first. */
  id: number;
  input: HearInput;
}

export interface MessageEntry {
  type: 'message';
  id: string;
  seq: number;
  at: Timestamp;
  role: 'person' | 'bot';
  parts: Part[];
  /** Text is still arriving. */
  streaming: boolean;
  /** The question that was open when the person said this. */
  answers: Question | null;
}

export interface ErrorEntry {
  type: 'error';
  id: string;
  seq: number;
  at: Timestamp;
  title: string;
  detail: string | null;
  reference: string | null;
  message: string | null;
  script: ScriptError | null;
}

export type Entry = MessageEntry | ErrorEntry;

/** What `Transcript.apply` made of an event. */
export type Applied = 'applied' | 'duplicate' | 'gap';

interface Stream {
  attempt: number;
  /** Code points so far; deltas count in them. */
  length: number;
  text: string;
}

export class Transcript {
  entries: Entry[] = [];
  question: Question | null = null;
  /** Answers that must not be shown. */
  secrets: ReadonlySet<string> = new Set();
  title: string | null = null;
  deleted = false;
  /** The newest event that was applied. */
  seq = 0;
  lastOutcome: Outcome | null = null;

  #suggestions: Suggestion[] = [];
  /** The suggestions are about what was said last, not left over from before. */
  #suggestedNow = false;
  #index = new Map<string, number>();
  #streams = new Map<string, Stream>();

  /** What can be pressed. While the bot waits for a name or a date, chips from before are no answer: they rest. */
  get suggestions(): readonly Suggestion[] {
    const typed = this.question !== null && this.question.input.kind !== 'any';
    return typed && !this.#suggestedNow ? [] : this.#suggestions;
  }

  has(id: string): boolean {
    return this.#index.has(id);
  }

  apply({ seq, at, event }: CommittedEvent): Applied {
    if (seq <= this.seq) return 'duplicate';
    if (seq > this.seq + 1) return 'gap';
    this.seq = seq;
    switch (event.kind) {
      case 'message':
        this.#streams.delete(event.id);
        if (event.role === 'person' && !this.question) this.#suggestedNow = false;
        if (event.role === 'person' && this.question?.input.secret) this.secrets = new Set(this.secrets).add(event.id);
        this.#put({
          type: 'message', id: event.id, seq, at, role: event.role, parts: event.parts, streaming: false,
          answers: event.role === 'person' ? this.question : null,
        });
        break;
      case 'suggestions':
        this.#suggestions = event.items;
        this.#suggestedNow = true;
        break;
      case 'hear':
        if (event.input) {
          const again = (event.input.attempt ?? 1) > 1 && this.question;
          this.question = { id: again ? again.id : seq, input: event.input };
        } else {
          this.question = null;
          this.#suggestedNow = false;
        }
        break;
      case 'error':
        this.#put({
          type: 'error',
          id: event.id,
          seq,
          at,
          title: event.title,
          detail: event.detail ?? null,
          reference: event.reference ?? null,
          message: event.message ?? null,
          script: event.script ?? null,
        });
        break;
      case 'conversation':
        if (event.deleted) this.deleted = true;
        if (event.title !== undefined) this.title = event.title;
        break;
      case 'turn.end':
        this.lastOutcome = event.outcome;
        this.#dropUncommitted();
        break;
      default:
        // A kind of a later server: it has a number, and nothing that this client can show.
        break;
    }
    return 'applied';
  }

  /** Takes streamed text. Returns false when it does not fit and has to wait for the committed message. */
  applyDelta(delta: DeltaFrame, at: Timestamp): boolean {
    const known = this.#streams.get(delta.message);
    if (known && delta.attempt < known.attempt) return false;
    const stream: Stream = known && known.attempt === delta.attempt
      ? known
      : { attempt: delta.attempt, length: 0, text: '' };
    if (delta.offset > stream.length) return false;
    const points = Array.from(delta.text);
    const repeated = stream.length - delta.offset;
    if (repeated >= points.length && known === stream) return true;
    stream.text += points.slice(repeated).join('');
    stream.length = delta.offset + points.length;
    this.#streams.set(delta.message, stream);

    const at_ = this.#index.get(delta.message);
    const announced = at_ === undefined ? undefined : this.entries[at_];
    const files = announced?.type === 'message' ? announced.parts.filter((part) => part.type !== 'text') : [];
    this.#put({
      type: 'message',
      id: delta.message,
      seq: announced?.seq ?? 0,
      at: announced?.at ?? at,
      role: 'bot',
      parts: [{ type: 'text', text: stream.text }, ...files],
      streaming: true,
      answers: null,
    });
    return true;
  }

  /** A broken connection or an ended turn: text that was streamed and never committed is not part of the conversation. */
  #dropUncommitted(): void {
    if (this.#streams.size === 0) return;
    this.#streams.clear();
    this.entries = this.entries
      .filter((entry) => entry.seq > 0)
      .map((entry) => (entry.type === 'message' && entry.streaming ? { ...entry, streaming: false } : entry));
    this.#index = new Map(this.entries.map((entry, position) => [entry.id, position]));
  }

  #put(entry: Entry): void {
    const position = this.#index.get(entry.id);
    if (position === undefined) {
      this.#index.set(entry.id, this.entries.length);
      this.entries = [...this.entries, entry];
    } else {
      this.entries = this.entries.with(position, entry);
    }
  }
}
