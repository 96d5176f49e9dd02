/**
 * Every frame and document of the chat protocol, version 1, as the server documents them in
 * `docs/chat-protocol.md`. Types only; nothing here runs.
 */

export const SUBPROTOCOL = 'botserver.chat.v1';

/** RFC 3339, UTC. */
export type Timestamp = string;

// ---- events -----------------------------------------------------------------------------------------------------

export interface TextPart {
  type: 'text';
  /** Markdown in which raw HTML is text. */
  text: string;
}

export interface FilePart {
  type: 'file';
  url: string;
  filename: string;
  mime_type: string;
  size?: number | null;
  caption?: string | null;
}

export interface MenuPart {
  type: 'menu';
  options: string[];
}

export type Part = TextPart | FilePart | MenuPart;

export interface Suggestion {
  label: string;
  text?: string | null;
  /** Sent back unchanged with the message. */
  action?: string | null;
}

/** The HEAR types in lower case. New ones are plain strings: an unknown kind is answered as free text. */
export type HearKind =
  | 'any' | 'email' | 'name' | 'integer' | 'number' | 'boolean' | 'date' | 'hour' | 'money' | 'mobile'
  | 'zipcode' | 'language' | 'cpf' | 'cnpj' | 'url' | 'uuid' | 'color' | 'creditcard' | 'credit_card'
  | 'password' | 'menu' | 'file' | 'image' | 'audio' | 'video' | 'qrcode' | 'qr_code' | 'login'
  | (string & {});

export interface HearInput {
  kind: HearKind;
  options?: string[] | null;
  /** Media types of a file. */
  accept?: string[] | string | null;
  attempt?: number | null;
  /** The answer must not be shown. */
  secret?: boolean | null;
}

/** Where a script failed; only the owner gets it. */
export interface ScriptError {
  file: string;
  line: number;
  column?: number | null;
  /** The line of the script. */
  source?: string | null;
  /** Blanks and carets to be set under `source`. */
  caret?: string | null;
  message?: string | null;
  help?: string | null;
}

export type Outcome = 'done' | 'waiting' | 'failed' | 'cancelled';

export interface MessageCommitted {
  kind: 'message';
  id: string;
  role: 'person' | 'bot';
  parts: Part[];
  turn?: string | number | null;
}

export interface SuggestionsChanged {
  kind: 'suggestions';
  items: Suggestion[];
}

export interface HearChanged {
  kind: 'hear';
  input: HearInput | null;
}

export interface TurnFailed {
  kind: 'error';
  id: string;
  title: string;
  detail?: string | null;
  reference?: string | null;
  /** The person's message it belongs to. */
  message?: string | null;
  script?: ScriptError | null;
}

export interface ConversationChanged {
  kind: 'conversation';
  title?: string | null;
  deleted?: boolean | null;
}

export interface TurnEnded {
  kind: 'turn.end';
  turn?: string | number | null;
  outcome: Outcome;
}

export type ChatEvent =
  | MessageCommitted | SuggestionsChanged | HearChanged | TurnFailed | ConversationChanged | TurnEnded;

/** A committed event with its number in the conversation. */
export interface CommittedEvent {
  seq: number;
  at: Timestamp;
  event: ChatEvent;
}

// ---- frames from the server -------------------------------------------------------------------------------------

export interface BotInfo {
  id: string;
  name: string;
  title?: string | null;
  welcome?: string | null;
  version?: string | null;
}

export interface QueuedItem {
  id: string;
  text: string;
}

export interface ReadyFrame {
  type: 'ready';
  protocol: number;
  conversation: string;
  seq: number;
  owner?: boolean;
  bot: BotInfo;
  queued?: QueuedItem[];
  working?: boolean;
  title?: string | null;
}

export interface EventFrame extends CommittedEvent {
  type: 'event';
}

export interface AckFrame {
  type: 'ack';
  id: string;
  state: 'queued' | 'taken';
  ahead?: number;
}

export interface QueueFrame {
  type: 'queue';
  items: QueuedItem[];
}

export interface WorkingFrame {
  type: 'working';
  on: boolean;
}

export interface DeltaFrame {
  type: 'delta';
  message: string;
  attempt: number;
  /** In Unicode code points, as JSON text counts them. */
  offset: number;
  text: string;
}

export type ErrorCode =
  | 'bad_frame' | 'too_large' | 'rate_limited' | 'queue_full' | 'already_taken' | 'not_found' | 'unavailable'
  | 'empty_message' | (string & {});

export interface ErrorFrame {
  type: 'error';
  code: ErrorCode;
  title: string;
  detail?: string | null;
  retry_after?: number | null;
  id?: string | null;
}

export interface PongFrame {
  type: 'pong';
}

export interface ByeFrame {
  type: 'bye';
  reason?: string;
}

export type ServerFrame =
  | ReadyFrame | EventFrame | AckFrame | QueueFrame | WorkingFrame | DeltaFrame | ErrorFrame | PongFrame | ByeFrame;

// ---- frames from the client -------------------------------------------------------------------------------------

export interface HelloFrame {
  type: 'hello';
  conversation?: string;
  after?: number;
  visible: boolean;
  locale?: string;
}

export interface MessageFrame {
  type: 'message';
  id: string;
  text: string;
  attachments?: string[];
  action?: string;
}

export type ClientFrame =
  | HelloFrame | MessageFrame | { type: 'withdraw'; id: string } | { type: 'cancel' } | { type: 'visible' }
  | { type: 'ping' };

export const CLOSE = {
  stopping: 1001,
  brokeRules: 1008,
  notFound: 4404,
  noHello: 4408,
  deleted: 4409,
} as const;

// ---- HTTP documents ---------------------------------------------------------------------------------------------

export interface Theme {
  accent?: string | null;
  accent2?: string | null;
  logo?: string | null;
  title?: string | null;
}

export interface Bot extends BotInfo {
  description?: string | null;
  theme?: Theme | null;
}

export interface Conversation {
  id: string;
  bot: string;
  title?: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
  seq?: number;
}

export interface Attachment {
  id: string;
  url: string;
  filename: string;
  mime_type: string;
  size: number;
}

export type Rating = 'up' | 'down';

export interface Feedback {
  rating: Rating | null;
  reason?: string | null;
}

export interface StoredMessage {
  id: string;
  seq: number;
  role: 'person' | 'bot';
  parts: Part[];
  at: Timestamp;
  feedback?: Feedback | Rating | null;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Me {
  kind: 'visitor' | 'owner';
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string | null;
  code?: string;
  request_id?: string | null;
  retry_after?: number | null;
}
