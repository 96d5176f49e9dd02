/** What only the owner may ask: models, usage, knowledge, and why the model saw what it saw. The chat does not load it. */
import { query, request } from './api';
import type { Page, Timestamp } from './frames';

export interface BotModel {
  bot: string;
  configured: boolean;
  provider?: string | null;
  model?: string | null;
  url?: string | null;
  /** `config.csv`, `server` */
  origin?: string | null;
}

/** A model server on this machine, or the name of a variable that holds a key. Offered, never used by itself. */
export interface ModelOffer {
  kind: 'server' | 'key' | (string & {});
  software?: string | null;
  url?: string | null;
  models?: string[] | null;
  variable?: string | null;
  provider?: string | null;
  /** The lines for config.csv; `{model}` stands for the name of a model. */
  config?: string[] | null;
}

export interface Models {
  items: BotModel[];
  found?: ModelOffer[] | null;
}

export interface ModelTest {
  ok: boolean;
  model?: string | null;
  answer?: string | null;
  ms?: number | null;
  /** A stable code. */
  fault?: string | null;
  /** The cause in words. */
  message?: string | null;
  /** The server does not list a model of this name: a sentence with the nearest ones. */
  unlisted?: string | null;
}

export interface UsageRow {
  day: string;
  bot: string;
  model: string;
  calls: number;
  failed: number;
  input: number;
  output: number;
  cached: number;
}

export interface TracePart {
  kind: 'system' | 'prompt' | 'context' | 'memory' | 'passage' | 'history' | 'tool' | 'message' | (string & {});
  name?: string | null;
  tokens: number;
  included: boolean;
  reason?: string | null;
  text?: string | null;
}

export interface Trace {
  model?: string | null;
  /** In tokens, like what follows. */
  window?: number | null;
  /** Kept free for the answer. */
  reserved?: number | null;
  used?: number | null;
  counted_by?: string | null;
  parts: TracePart[];
  usage?: { input?: number | null; output?: number | null; cached?: number | null } | null;
  rounds?: number | null;
}

export type CollectionState = 'ready' | 'indexing' | 'held' | 'empty' | (string & {});

export interface Collection {
  id: string;
  name: string;
  state: CollectionState;
  documents: number;
  passages: number;
  failed: number;
  waiting: number;
  /** Null: found by words alone. */
  embedder?: string | null;
  /** When held: so many files are not there any more. */
  missing?: number | null;
  /** Documents that are kept although their files are gone. */
  kept?: number | null;
  updated_at?: Timestamp | null;
}

export interface Collections extends Page<Collection> {
  /** What the owner should know: permissions that cannot be read, collections that are left out. */
  problems?: string[] | null;
  /** A damaged index is being built anew; searches find what is there already. */
  rebuilding?: boolean | null;
  /** The embedder for which a new index is being built. */
  next_embedder?: string | null;
}

export type DocumentState = 'waiting' | 'reading' | 'embedding' | 'indexed' | 'failed' | 'cancelled' | (string & {});

export interface KnowledgeDocument {
  id: string;
  name: string;
  path?: string | null;
  size?: number | null;
  media_type?: string | null;
  state: DocumentState;
  pages_done?: number | null;
  pages?: number | null;
  passages?: number | null;
  /** Its file is gone, and its owner said that it stays. */
  kept?: boolean | null;
  error?: string | null;
  /** What its owner can do about the error. */
  remedy?: string | null;
  warnings?: string[] | null;
  grants?: string[] | null;
  updated_at?: Timestamp | null;
}

export interface Passage {
  /** From 0. */
  number: number;
  place?: string | null;
  page?: number | null;
  sheet?: string | null;
  row?: number | null;
  text: string;
  tokens?: number | null;
}

export interface Found {
  document: string;
  title: string;
  /** Its name. */
  collection: string;
  place?: string | null;
  page?: number | null;
  sheet?: string | null;
  row?: number | null;
  text: string;
  score: number;
  lexical?: number | null;
  cosine?: number | null;
  /** Why it is among the results, in a sentence. */
  why?: string | null;
}

export interface Retrieval {
  items: Found[];
  took_ms?: number | null;
  embedder?: string | null;
  /** Why the answer may be worse than it could be. */
  warnings?: string[] | null;
}

export interface Question {
  question: string;
  limit?: number;
  /** Names. */
  collections?: string[];
  /** `visitor`, `owner`, or grants with commas between them, beside those that everybody has. */
  as?: string;
}

const id = encodeURIComponent;

export const ownerApi = {
  models: (signal?: AbortSignal): Promise<Models> => request('GET', '/models', undefined, signal),
  testModel: (bot: string, signal?: AbortSignal): Promise<ModelTest> => request('POST', '/models/test', { bot }, signal),
  usage: (days: number, bot: string, signal?: AbortSignal): Promise<Page<UsageRow>> =>
    request('GET', `/usage${query({ days, bot })}`, undefined, signal),
  trace: (conversation: string, message: string, signal?: AbortSignal): Promise<Trace> =>
    request('GET', `/conversations/${id(conversation)}/messages/${id(message)}/trace`, undefined, signal),

  collections: (bot: string, signal?: AbortSignal): Promise<Collections> =>
    request('GET', `/bots/${id(bot)}/collections`, undefined, signal),
  documents: (collection: string, state: string, limit: number, cursor?: string | null, signal?: AbortSignal): Promise<Page<KnowledgeDocument>> =>
    request('GET', `/collections/${id(collection)}/documents${query({ state, limit, cursor })}`, undefined, signal),
  passages: (document: string, cursor?: string | null, signal?: AbortSignal): Promise<Page<Passage>> =>
    request('GET', `/documents/${id(document)}/passages${query({ cursor, limit: 50 })}`, undefined, signal),
  cancel: (document: string): Promise<void> => request('POST', `/documents/${id(document)}/cancel`),
  retry: (document: string): Promise<void> => request('POST', `/documents/${id(document)}/retry`),
  reindex: (collection: string): Promise<void> => request('POST', `/collections/${id(collection)}/reindex`),
  release: (collection: string, decision: 'remove' | 'keep' | 'forget'): Promise<void> =>
    request('POST', `/collections/${id(collection)}/release`, { decision }),
  search: (bot: string, question: Question, signal?: AbortSignal): Promise<Retrieval> =>
    request('POST', `/bots/${id(bot)}/knowledge/search`, question, signal),
};
