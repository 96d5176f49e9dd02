/**
 * The committed events of one conversation, folded into what a page shows. Pure: it knows no socket and no clock.
 * Entries that did not change keep their identity, so a page re-renders only what is new.
 */
import type {
  CommittedEvent, DeltaFrame, HearInput, Outcome, Part, ScriptError, StreamFrame, Suggestion, Timestamp, ToolState,
} from './frames';
import { AnswerStream } from './stream';

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
  /** A person stopped it. */
  stopped: boolean;
  /** It was too long for the model. */
  cut: boolean;
  /** The model that wrote it, if one did. */
  model: string | null;
}

/** A tool that the model called. `stopped`: its turn ended before it did. */
export interface ToolEntry {
  type: 'tool';
  id: string;
  seq: number;
  at: Timestamp;
  name: string;
  title: string | null;
  arguments: unknown;
  state: 'running' | 'done' | 'failed' | 'stopped';
  result: string | null;
  turn: string | number | null;
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
  retry: boolean;
}

export type Entry = MessageEntry | ToolEntry | ErrorEntry;

/** Entries that no longer count, and the entry behind which they stood. */
export interface EarlierVersion {
  after: string | null;
  entries: readonly Entry[];
}

/** What `Transcript.apply` made of an event. */
export type Applied = 'applied' | 'duplicate' | 'gap';

/** A state of a later server is at least none that runs. */
function toolState(state: ToolState): ToolEntry['state'] {
  if (state === 'running') return 'running';
  return state === 'failed' ? 'failed' : 'done';
}

export class Transcript {
  entries: Entry[] = [];
  /** What was answered anew or edited, oldest first. */
  earlier: readonly EarlierVersion[] = [];
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
  #superseded = new Set<string>();
  /** A turn writes one answer at a time. */
  #stream: AnswerStream | null = null;
  /** Streams that ended without a message, and the turn that ended last: what still comes of them is too late. */
  #ended = new Map<string, number>();
  #endedTurn: string | number | null = null;

  /** What can be pressed. While the bot waits for a name or a date, chips from before are no answer: they rest. */
  get suggestions(): readonly Suggestion[] {
    const typed = this.question !== null && this.question.input.kind !== 'any';
    return typed && !this.#suggestedNow ? [] : this.#suggestions;
  }

  has(id: string): boolean {
    return this.#index.has(id) || this.#superseded.has(id);
  }

  apply({ seq, at, event }: CommittedEvent): Applied {
    if (seq <= this.seq) return 'duplicate';
    if (seq > this.seq + 1) return 'gap';
    this.seq = seq;
    switch (event.kind) {
      case 'message':
        if (this.#stream?.message === event.id) this.#stream = null;
        if (event.role === 'person' && !this.question) this.#suggestedNow = false;
        if (event.role === 'person' && this.question?.input.secret) this.secrets = new Set(this.secrets).add(event.id);
        this.#put({
          type: 'message', id: event.id, seq, at, role: event.role, parts: event.parts, streaming: false,
          answers: event.role === 'person' ? this.question : null,
          stopped: event.stopped ?? false, cut: event.cut ?? false, model: event.model ?? null,
        });
        break;
      case 'tool': {
        this.endStream(event.turn ?? null);
        const known = this.#entry(event.id);
        const before = known?.type === 'tool' ? known : null;
        this.#put({
          type: 'tool', id: event.id, seq, at: before?.at ?? at, name: event.name, title: event.title ?? before?.title ?? null,
          arguments: event.arguments ?? before?.arguments ?? null, state: toolState(event.state), result: event.result ?? null,
          turn: event.turn ?? null,
        });
        break;
      }
      case 'superseded':
        this.#supersede(event.from, Math.min(seq, (event.until ?? seq) + 1), new Set(event.messages));
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
        this.endStream();
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
          retry: event.retry ?? false,
        });
        break;
      case 'conversation':
        if (event.deleted) this.deleted = true;
        if (event.title !== undefined) this.title = event.title;
        break;
      case 'turn.end':
        this.lastOutcome = event.outcome;
        this.endStream();
        this.#endedTurn = event.turn ?? null;
        if (event.outcome !== 'waiting') this.#stopTools(event.turn ?? null);
        break;
      default:
        // A kind of a later server: it has a number, and nothing that this client can show.
        break;
    }
    return 'applied';
  }

  /** Takes streamed text. Returns false when it is old, or has to wait for what comes before it. */
  applyDelta(delta: DeltaFrame, at: Timestamp): boolean {
    const stream = this.#streamFor(delta);
    if (!stream) return false;
    const grown = stream.delta(delta, new Date(at).getTime());
    this.#showStream(stream, at);
    return grown;
  }

  /** Takes an answer that is being written already. */
  applyStream(frame: StreamFrame, at: Timestamp): void {
    const stream = this.#streamFor(frame);
    if (!stream) return;
    stream.all(frame);
    this.#showStream(stream, at);
  }

  /** Text that was streamed and never committed is not part of the conversation. Of one turn only, if it is named. */
  endStream(turn: string | number | null = null): void {
    const stream = this.#stream;
    if (!stream || (turn !== null && stream.turn !== null && stream.turn !== turn)) return;
    this.#stream = null;
    this.#ended.set(stream.message, stream.attempt);
    this.#keep((entry) => entry.seq > 0);
  }

  /** The stream that a frame belongs to, or null for a frame that comes too late. */
  #streamFor(frame: DeltaFrame | StreamFrame): AnswerStream | null {
    if (this.#superseded.has(frame.message) || (this.#entry(frame.message)?.seq ?? 0) > 0) return null;
    if (frame.attempt <= (this.#ended.get(frame.message) ?? -1)) return null;
    if (frame.turn !== null && frame.turn !== undefined && frame.turn === this.#endedTurn) return null;
    const known = this.#stream;
    if (known?.message === frame.message) {
      if (frame.attempt < known.attempt) return null;
      if (frame.attempt === known.attempt) return known;
    } else if (known) {
      this.endStream();
    }
    this.#stream = new AnswerStream(frame);
    return this.#stream;
  }

  #showStream(stream: AnswerStream, at: Timestamp): void {
    const shown = this.#entry(stream.message);
    if (!shown && stream.empty) return;
    this.#put({
      type: 'message', id: stream.message, seq: 0, at: shown?.at ?? at, role: 'bot', parts: stream.parts, streaming: true,
      answers: null, stopped: false, cut: false, model: null,
    });
  }

  /** A tool of a turn that is over runs no more, whatever was said of it last. */
  #stopTools(turn: string | number | null): void {
    for (const entry of this.entries) {
      if (entry.type === 'tool' && entry.state === 'running' && (turn === null || entry.turn === turn)) {
        this.#put({ ...entry, state: 'stopped' });
      }
    }
  }

  #supersede(from: number, until: number, ids: ReadonlySet<string>): void {
    const gone = (entry: Entry): boolean => (entry.seq >= from && entry.seq < until) || ids.has(entry.id);
    for (const id of [...ids, ...this.entries.filter(gone).map((entry) => entry.id)]) this.#superseded.add(id);
    if (this.question && this.question.id >= from) this.question = null;
    const first = this.entries.findIndex(gone);
    if (first < 0) return;
    const entries = this.entries.filter(gone);
    if (entries.some(({ type }) => type === 'message')) {
      this.earlier = [...this.earlier, { after: this.entries[first - 1]?.id ?? null, entries }];
    }
    if (this.#stream && ids.has(this.#stream.message)) this.#stream = null;
    this.#keep((entry) => !gone(entry));
  }

  #entry(id: string): Entry | undefined {
    const position = this.#index.get(id);
    return position === undefined ? undefined : this.entries[position];
  }

  #keep(wanted: (entry: Entry) => boolean): void {
    this.entries = this.entries.filter(wanted);
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
