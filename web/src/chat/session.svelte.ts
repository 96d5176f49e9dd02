/**
 * A conversation as the page sees it: the protocol's connection joined to this browser's socket, clock, storage and
 * visibility, with what belongs to the page alone (draft, uploads, feedback, announcements).
 */
import { SvelteMap } from 'svelte/reactivity';
import { ApiError, ChatConnection, SUBPROTOCOL, api } from '$protocol';
import type {
  Attachment, ConversationView, FilePart, MessageEntry, Rating, SendOptions, Socket, SocketHandlers, Suggestion,
} from '$protocol';
import { durable, session } from '$lib/storage';
import { t, tn } from '../i18n/index.svelte';
import { withoutCites } from '../markdown/cites';
import { parseMarkdown, plainText } from '../markdown/parse';

export interface Upload {
  key: number;
  file: File;
  state: 'waiting' | 'uploading' | 'done' | 'failed';
  progress: number;
  attachment: Attachment | null;
  error: ApiError | null;
  abort: AbortController;
}

export interface Announcement {
  key: string;
  text: string;
}

let uploadKey = 0;

export class ChatSession {
  readonly bot: string;
  /** The conversation that the address named; null for a new one. */
  readonly opened: string | null;
  view = $state.raw<ConversationView>() as ConversationView;
  draft = $state('');
  uploads = $state.raw<readonly Upload[]>([]);
  announcements = $state.raw<readonly Announcement[]>([]);
  /** The message of the person that the composer rewrites. */
  replacing = $state.raw<MessageEntry | null>(null);
  /** Bot messages that arrived while nobody looked. */
  unread = $state(0);
  readonly feedback = new SvelteMap<string, Rating>();

  /** The title that the server made of the first words; no event tells it. */
  #made = $state<string | null>(null);
  /** How much there was when it was asked for. */
  #askedAt = 0;

  readonly #connection: ChatConnection;
  readonly #draftKey: string;
  readonly #abort = new AbortController();
  #looking: boolean;
  #scheduled = false;
  #seenSeq = -1;
  #feedbackLoaded = false;

  constructor(bot: string, conversation: string | null, locale: string, looking: boolean) {
    this.bot = bot;
    this.opened = conversation;
    this.#looking = looking;
    this.#draftKey = `botserver.draft.${conversation ?? `new.${bot}`}`;
    this.draft = durable.getItem(this.#draftKey) ?? '';
    this.#connection = new ChatConnection({
      bot,
      conversation: conversation ?? undefined,
      locale,
      visible: looking,
      open: (handlers) => openSocket(api.socketUrl(bot), handlers),
      timers: {
        now: () => Date.now(),
        set: (run, ms) => setTimeout(run, ms),
        clear: (timer) => clearTimeout(timer as number | undefined),
      },
      durable,
      session,
      changed: () => this.#schedule(),
    });
    this.view = this.#connection.view;
    const { signal } = this.#abort;
    addEventListener('online', () => this.#connection.reconnectNow(), { signal });
    addEventListener('offline', () => this.#connection.suspectOffline(), { signal });
    this.#connection.start();
  }

  get title(): string | null {
    return this.view.title ?? this.#made;
  }

  close(): void {
    this.#abort.abort();
    for (const upload of this.uploads) upload.abort.abort();
    this.#connection.stop();
  }

  // ---- looking --------------------------------------------------------------------------------------------------

  setLooking(looking: boolean): void {
    this.#looking = looking;
    if (looking) {
      this.unread = 0;
      if (this.view.status === 'reconnecting') this.#connection.reconnectNow();
    }
    this.#connection.setVisible(looking);
  }

  // ---- messages -------------------------------------------------------------------------------------------------

  setDraft(text: string, keep = true): void {
    this.draft = text;
    if (text && keep) durable.setItem(this.#draftKey, text);
    else durable.removeItem(this.#draftKey);
  }

  /** Sends text with everything that is attached. */
  send(text: string, options: SendOptions = {}): void {
    const done = this.uploads.flatMap(({ attachment }) => (attachment ? [attachment] : []));
    const before = this.replacing ? filesOf(this.replacing) : { attachments: [], files: [] };
    this.#connection.send(text, {
      ...options,
      attachments: [...before.attachments, ...done.map(({ id }) => id)],
      files: [...before.files, ...done.map(filePart)],
      replaces: this.replacing?.id ?? null,
    });
    this.replacing = null;
    this.uploads = this.uploads.filter(({ attachment }) => !attachment);
  }

  press(suggestion: Suggestion): void {
    this.#connection.send(suggestion.text ?? suggestion.label, { action: suggestion.action ?? null });
  }

  /** Says again what was said, with its files. */
  sendAgain(entry: MessageEntry): void {
    this.#connection.send(entry.parts.find((part) => part.type === 'text')?.text ?? '', filesOf(entry));
  }

  /** Has a message of the person answered anew. */
  regenerate(message: string): void {
    this.#connection.regenerate(message);
  }

  retry(id: string): void {
    this.#connection.retry(id);
  }

  withdraw(id: string): void {
    this.#connection.withdraw(id);
  }

  cancel(): void {
    this.#connection.cancel();
  }

  reconnectNow(): void {
    this.#connection.reconnectNow();
  }

  dismissNotice(): void {
    this.#connection.dismissNotice();
  }

  async rate(message: string, rating: Rating | null, reason?: string): Promise<void> {
    const { conversation } = this.view;
    if (!conversation) return;
    const before = this.feedback.get(message);
    if (rating) this.feedback.set(message, rating);
    else this.feedback.delete(message);
    try {
      await api.feedback(conversation, message, rating, reason);
    } catch (error) {
      if (before) this.feedback.set(message, before);
      else this.feedback.delete(message);
      throw error;
    }
  }

  // ---- files ----------------------------------------------------------------------------------------------------

  attach(files: Iterable<File>): void {
    const added = Array.from(files, (file): Upload => ({
      key: (uploadKey += 1),
      file,
      state: 'waiting',
      progress: 0,
      attachment: null,
      error: null,
      abort: new AbortController(),
    }));
    if (added.length === 0) return;
    this.uploads = [...this.uploads, ...added];
    this.#startUploads();
  }

  detach(key: number): void {
    this.uploads.find((upload) => upload.key === key)?.abort.abort();
    this.uploads = this.uploads.filter((upload) => upload.key !== key);
  }

  retryUpload(key: number): void {
    this.#update(key, { state: 'waiting', error: null, progress: 0 });
    this.#startUploads();
  }

  #update(key: number, change: Partial<Upload>): void {
    this.uploads = this.uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload));
  }

  #startUploads(): void {
    const { conversation } = this.view;
    if (!conversation || this.view.status !== 'online') return;
    for (const { key, file, state, abort } of this.uploads) {
      if (state !== 'waiting') continue;
      this.#update(key, { state: 'uploading' });
      api.upload(conversation, file, (progress) => this.#update(key, { progress }), abort.signal).then(
        (attachment) => this.#update(key, { state: 'done', progress: 1, attachment }),
        (error: unknown) => {
          if (error instanceof ApiError) this.#update(key, { state: 'failed', error });
        },
      );
    }
  }

  // ---- what changed ---------------------------------------------------------------------------------------------

  /** Many frames arrive together: one rendering for all of them. A hidden page gets no animation frames. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const run = (): void => {
      this.#scheduled = false;
      this.#take(this.#connection.view);
    };
    if (document.hidden) queueMicrotask(run);
    else requestAnimationFrame(run);
  }

  #take(view: ConversationView): void {
    this.view = view;
    if (view.status === 'online') this.#startUploads();
    if (!view.loaded) return;
    if (!this.#feedbackLoaded) {
      this.#feedbackLoaded = true;
      if (view.entries.some((entry) => entry.type === 'message' && entry.role === 'bot')) void this.#loadFeedback();
    }
    this.#announce(view);
    void this.#askTitle(view);
  }

  async #askTitle({ conversation, working, entries }: ConversationView): Promise<void> {
    const wrote = entries.some((entry) => entry.type === 'message' && entry.role === 'person');
    if (!conversation || !wrote || working || this.title !== null || this.#askedAt === entries.length) return;
    this.#askedAt = entries.length;
    try {
      this.#made = (await api.conversation(conversation)).title ?? null;
    } catch {
      // It is untitled until the next turn.
    }
  }

  /** Only what is new since the page was opened is read out. */
  #announce({ entries }: ConversationView): void {
    const newest = entries.reduce((seq, entry) => Math.max(seq, entry.seq), 0);
    const first = this.#seenSeq < 0;
    const seen = first ? newest : this.#seenSeq;
    this.#seenSeq = newest;
    // A greeting that was there before us is news to someone who has just come.
    const fresh = entries.filter((entry) => (first ? entries.length <= 3 && this.opened === null : entry.seq > seen));
    const said = fresh.flatMap((entry): Announcement[] => {
      if (entry.seq === 0 || entry.type === 'tool') return [];
      if (entry.type === 'error') return [{ key: entry.id, text: [entry.title, entry.detail].filter(Boolean).join('. ') }];
      if (entry.role !== 'bot') return [];
      const text = entry.parts.flatMap((part) => {
        if (part.type === 'text') return [plainText(parseMarkdown(withoutCites(part.text, () => true)))];
        if (part.type === 'file') return [part.caption || part.filename];
        if (part.type === 'menu') return [part.options.join(', ')];
        return part.type === 'sources' ? [tn('source.count', part.items.length)] : [];
      });
      if (entry.stopped) text.push(t('msg.stopped'));
      if (entry.cut) text.push(t('msg.cut'));
      return [{ key: entry.id, text: text.join('\n') }];
    });
    if (said.length === 0) return;
    this.announcements = [...this.announcements, ...said].slice(-6);
    if (!this.#looking && !first) this.unread += said.length;
  }

  async #loadFeedback(): Promise<void> {
    const { conversation } = this.view;
    if (!conversation) return;
    try {
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof api.messages>> = await api.messages(conversation, cursor);
        for (const { id, feedback } of page.items) {
          const rating = typeof feedback === 'string' ? feedback : feedback?.rating;
          if (rating && !this.feedback.has(id)) this.feedback.set(id, rating);
        }
        cursor = page.next_cursor ?? null;
      } while (cursor && !this.#abort.signal.aborted);
    } catch {
      // The thumbs are then shown as not given; giving one again is harmless.
    }
  }
}

/** The files of a message: the server has them. */
function filesOf({ parts }: MessageEntry): { files: FilePart[]; attachments: string[] } {
  const files = parts.filter((part) => part.type === 'file');
  return { files, attachments: files.flatMap(({ url }) => /att_\w+$/.exec(url) ?? []) };
}

function filePart({ url, filename, mime_type, size }: Attachment): FilePart {
  return { type: 'file', url, filename, mime_type, size };
}

function openSocket(url: string, handlers: SocketHandlers): Socket {
  const socket = new WebSocket(url, SUBPROTOCOL);
  socket.onopen = () => handlers.open();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') handlers.message(data);
  };
  socket.onclose = ({ code }) => handlers.close(code);
  return {
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    close: (code) => socket.close(code),
  };
}
