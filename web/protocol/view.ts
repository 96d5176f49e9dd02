/** What a page shows of a conversation. Knows neither sockets nor how messages get where they go. */
import type { BotInfo, FilePart, HearInput, Suggestion } from './frames';
import type { EarlierVersion, Entry, Question } from './transcript';

export type Status = 'connecting' | 'online' | 'reconnecting' | 'ended';
export type EndReason = 'deleted' | 'not_found' | 'refused';

/**
 * `waiting`: no connection, will be sent by itself. `sending`: on its way. `queued`: committed, a turn will take it.
 * `taken`: committed, a turn has it. `limited`: refused for now, sent again by itself at `until`. `failed`: refused.
 */
export type Delivery = 'waiting' | 'sending' | 'queued' | 'taken' | 'limited' | 'failed';

export interface PendingMessage {
  id: string;
  text: string;
  files: FilePart[];
  secret: boolean;
  /** The message whose place it takes. */
  replaces: string | null;
  delivery: Delivery;
  until: number | null;
  error: { code: string; title: string; detail: string | null } | null;
  withdrawing: boolean;
}

export interface ConversationView {
  status: Status;
  ended: EndReason | null;
  /** When the next attempt begins, while `reconnecting`. */
  retryAt: number | null;
  /** True once the server has sent everything it had. */
  loaded: boolean;
  conversation: string | null;
  bot: BotInfo | null;
  owner: boolean;
  title: string | null;
  entries: readonly Entry[];
  /** What was answered anew or edited. */
  earlier: readonly EarlierVersion[];
  /** The person's message for which another answer was asked and has not begun. */
  regenerating: string | null;
  pending: readonly PendingMessage[];
  suggestions: readonly Suggestion[];
  hear: HearInput | null;
  /** The question that `hear` belongs to. */
  question: Question | null;
  working: boolean;
  /** Messages whose text must not be shown. */
  secrets: ReadonlySet<string>;
  /** A refusal that belongs to no message. */
  notice: { code: string; title: string; detail: string | null } | null;
}
