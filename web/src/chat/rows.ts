/** The transcript as rows: a new day, a group of messages by one side, an error. Pure. */
import type { Entry, ErrorEntry, MessageEntry } from '$protocol';

export type Row =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'group'; key: string; role: 'person' | 'bot'; messages: MessageEntry[] }
  | { kind: 'error'; key: string; entry: ErrorEntry };

/** Saying a message once more. */
export interface Again {
  label: 'msg.resend' | 'msg.edit';
  run: () => void;
}

/** A pause after which the same side begins a new group. */
const PAUSE_MS = 5 * 60_000;

function day(iso: string): string {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** A conversation of today needs no date over it. */
export function toRows(entries: readonly Entry[], now = new Date()): Row[] {
  const rows: Row[] = [];
  let today = day(now.toISOString());
  for (const entry of entries) {
    const its = day(entry.at);
    if (its !== today) {
      rows.push({ kind: 'day', key: `day-${its}-${entry.id}`, at: entry.at });
      today = its;
    }
    if (entry.type === 'error') {
      rows.push({ kind: 'error', key: entry.id, entry });
      continue;
    }
    const last = rows.at(-1);
    const before = last?.kind === 'group' ? last.messages.at(-1) : undefined;
    if (last?.kind === 'group' && before && last.role === entry.role
      && new Date(entry.at).getTime() - new Date(before.at).getTime() < PAUSE_MS) {
      last.messages.push(entry);
    } else {
      rows.push({ kind: 'group', key: entry.id, role: entry.role, messages: [entry] });
    }
  }
  return rows;
}
