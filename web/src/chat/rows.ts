/** The transcript as rows: a new day, a group of messages by one side, an error. Pure. */
import type { EarlierVersion, Entry, ErrorEntry, MessageEntry, Question, ToolEntry } from '$protocol';

/** Which of several versions of what was said is shown. Counted from 1; the last is the one that counts. */
export interface Versions {
  /** What they come after. */
  place: string;
  at: number;
  count: number;
}

interface Versioned {
  versions?: Versions | undefined;
}

export type Row =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'person'; key: string; messages: MessageEntry[] } & Versioned
  | { kind: 'bot'; key: string; said: (MessageEntry | ToolEntry)[] } & Versioned
  | { kind: 'error'; key: string; entry: ErrorEntry } & Versioned;

/** Saying a message once more, or having it answered once more. */
export interface Again {
  label: 'msg.resend' | 'msg.edit' | 'msg.regenerate';
  run: () => void;
}

/** A pause after which the same side begins a new group. */
const PAUSE_MS = 5 * 60_000;

function day(iso: string): string {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** A conversation of today needs no date over it. */
export function toRows(entries: readonly Entry[], now = new Date(), marks: ReadonlyMap<string, Versions> = new Map()): Row[] {
  const rows: Row[] = [];
  let today = day(now.toISOString());
  let before: Entry | undefined;
  for (const entry of entries) {
    const its = day(entry.at);
    if (its !== today) {
      rows.push({ kind: 'day', key: `day-${its}-${entry.id}`, at: entry.at });
      today = its;
    }
    const last = rows.at(-1);
    const versions = marks.get(entry.id);
    const close = before !== undefined && !versions && new Date(entry.at).getTime() - new Date(before.at).getTime() < PAUSE_MS;
    before = entry;
    if (entry.type === 'error') {
      rows.push({ kind: 'error', key: entry.id, entry, versions });
    } else if (entry.type === 'message' && entry.role === 'person') {
      if (last?.kind === 'person' && close) last.messages.push(entry);
      else rows.push({ kind: 'person', key: entry.id, messages: [entry], versions });
    } else if (last?.kind === 'bot' && close) {
      last.said.push(entry);
    } else {
      rows.push({ kind: 'bot', key: entry.id, said: [entry], versions });
    }
  }
  return rows;
}

/** The entries with the chosen versions of what was answered anew or edited. Behind an earlier one nothing follows. */
export function withVersions(
  entries: readonly Entry[], earlier: readonly EarlierVersion[], chosen: ReadonlyMap<string, number>,
): { entries: readonly Entry[]; marks: Map<string, Versions>; past: boolean } {
  const places = new Map<number, EarlierVersion[]>();
  for (const version of earlier) {
    const at = version.after === null ? 0 : entries.findIndex(({ id }) => id === version.after) + 1;
    if (version.after !== null && at === 0) continue;
    places.set(at, [...(places.get(at) ?? []), version]);
  }
  const marks = new Map<string, Versions>();
  for (const [index, versions] of [...places].sort(([a], [b]) => a - b)) {
    const place = entries[index - 1]?.id ?? '';
    const count = versions.length + 1;
    const at = Math.min(chosen.get(place) ?? count, count);
    const old = versions[at - 1];
    const first = old ? old.entries[0] : entries[index];
    if (first) marks.set(first.id, { place, at, count });
    if (old) return { entries: [...entries.slice(0, index), ...old.entries], marks, past: true };
  }
  return { entries, marks, past: false };
}

/** A model wrote the answer to this message of the person, or failed to: it can be had anew, and the message replaced. */
export function byModel(entries: readonly Entry[], message: string): boolean {
  const from = entries.findIndex(({ id }) => id === message) + 1;
  const own = entries[from - 1];
  // An answer to a question belongs to the script or the tool that asked.
  if (own?.type !== 'message' || own.answers) return false;
  for (const entry of entries.slice(from)) {
    if (entry.type === 'tool') return true;
    if (entry.type === 'error') {
      if (entry.retry) return true;
    } else if (entry.role === 'person') {
      return false;
    } else if (entry.model !== null || entry.parts.some(({ type }) => type === 'sources' || type === 'reasoning')) {
      return true;
    }
  }
  return false;
}

/** A tool that the model called has asked the person something: it can be stopped as an answer that is being written can. */
export function toolAsks(entries: readonly Entry[], question: Question | null): boolean {
  return question !== null && entries.some((entry) => entry.type === 'tool' && entry.state === 'running');
}
