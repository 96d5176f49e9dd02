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

/** What the model thought before it answered; a page folds it away. */
export interface ReasoningPart {
  type: 'reasoning';
  text: string;
  seconds?: number | null;
}

/** A passage that an answer rests on; its text says `[number]` where it does. */
export interface Source {
  number: number;
  document?: string | null;
  collection?: string | null;
  title: string;
  /** Headings down to the passage. */
  place?: string | null;
  page?: number | null;
  sheet?: string | null;
  row?: number | null;
  /** The passage. */
  text: string;
  /** The file, if whoever reads this may have it. */
  url?: string | null;
}

export interface SourcesPart {
  type: 'sources';
  items: Source[];
}

export type Part = TextPart | FilePart | MenuPart | ReasoningPart | SourcesPart;

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

export type Outcome = 'done' | 'waiting' | 'failed' | 'cancelled' | 'refused';

export interface MessageCommitted {
  kind: 'message';
  id: string;
  role: 'person' | 'bot';
  parts: Part[];
  turn?: string | number | null;
  /** A person stopped it: the text is what had come until then. */
  stopped?: boolean | null;
  /** It reached the length that the model may answer with. */
  cut?: boolean | null;
  /** The model that wrote it. */
  model?: string | null;
}

export type ToolState = 'running' | 'done' | 'failed' | (string & {});

/** A tool that the model called. The same id again replaces what was said of the call before. */
export interface ToolCalled {
  kind: 'tool';
  id: string;
  name: string;
  /** One line that says what it does. */
  title?: string | null;
  arguments?: unknown;
  state: ToolState;
  /** Shortened. */
  result?: string | null;
  turn?: string | number | null;
}

/** What was said from an event on, until this one, no longer counts: it was answered anew, or edited. */
export interface MessagesSuperseded {
  kind: 'superseded';
  /** The number of the first message, tool call, error or question that no longer counts. */
  from: number;
  /** The number of the last of them, if it is not the one before this event. */
  until?: number | null;
  /** The messages among them. */
  messages: string[];
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
  /** `regenerate` may succeed where this failed. */
  retry?: boolean | null;
}

export interface ConversationChanged {
  kind: 'conversation';
  title?: string | null;
  deleted?: boolean | null;
}

export interface TurnEnded {
  kind: 'turn.end';
  turn?: string | number | null;
  /** The message that it answers. */
  item?: string | null;
  outcome: Outcome;
}

export type ChatEvent =
  | MessageCommitted | SuggestionsChanged | HearChanged | TurnFailed | ConversationChanged | TurnEnded | ToolCalled
  | MessagesSuperseded;

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
  /** It is no message, but the wish to have this one answered anew. */
  regenerates?: string | null;
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
  turn?: string | number | null;
  /** A higher one replaces everything that a lower one brought. */
  attempt: number;
  /** In Unicode code points of its part. */
  offset: number;
  text: string;
  /** Left out for text. */
  part?: 'text' | 'reasoning' | null;
}

/** An answer that is being written just now, for whoever joins late: everything so far. Deltas follow. */
export interface StreamFrame {
  type: 'stream';
  message: string;
  turn?: string | number | null;
  attempt: number;
  text: string;
  reasoning?: string | null;
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
  | ReadyFrame | EventFrame | AckFrame | QueueFrame | WorkingFrame | DeltaFrame | StreamFrame
  | ErrorFrame | PongFrame | ByeFrame;

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
  /** An earlier message of the person that this one takes the place of, with everything after it. */
  replaces?: string;
}

/** Answers a message of the person anew. `id` is new, and acknowledged like that of a message. */
export interface RegenerateFrame {
  type: 'regenerate';
  id: string;
  message: string;
}

export type ClientFrame =
  | HelloFrame | MessageFrame | RegenerateFrame | { type: 'withdraw'; id: string } | { type: 'cancel' } | { type: 'visible' }
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
