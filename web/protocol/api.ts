/** The HTTP half of the protocol: everything that is not the live conversation. Errors are `ApiError`s with a sentence. */
import type {
  Attachment, Bot, Conversation, Me, Page, Problem, Rating, StoredMessage,
} from './frames';

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | null;
  /** To be quoted when somebody asks for help. */
  readonly reference: string | null;
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem, retryAfter: number | null = null) {
    super(problem.title ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : 'unknown');
    this.detail = problem.detail ?? null;
    this.reference = problem.request_id ?? null;
    this.retryAfter = retryAfter;
  }
}

const BASE = '/api/v1';

export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, {});
  }
  if (!response.ok) throw await problem(response);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function problem(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('retry-after'));
  let document: Problem = {};
  try {
    document = (await response.json()) as Problem;
  } catch {
    // A proxy's error page has nothing to quote.
  }
  document.request_id ??= response.headers.get('x-request-id');
  return new ApiError(response.status, document, Number.isFinite(retry) && retry > 0 ? retry : null);
}

export function query(parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

const id = encodeURIComponent;

export const api = {
  bots: (): Promise<Page<Bot>> => request('GET', `/bots${query({ limit: 100 })}`),
  bot: (name: string): Promise<Bot> => request('GET', `/bots/${id(name)}`),
  me: (): Promise<Me> => request('GET', '/me'),

  conversations: (
    bot: string, q: string, cursor?: string | null, signal?: AbortSignal,
  ): Promise<Page<Conversation>> => request('GET', `/conversations${query({ bot, q, cursor, limit: 50 })}`, undefined, signal),
  conversation: (conversation: string): Promise<Conversation> => request('GET', `/conversations/${id(conversation)}`),
  rename: (conversation: string, title: string): Promise<Conversation> =>
    request('PATCH', `/conversations/${id(conversation)}`, { title }),
  remove: (conversation: string): Promise<void> => request('DELETE', `/conversations/${id(conversation)}`),

  messages: (conversation: string, cursor?: string | null): Promise<Page<StoredMessage>> =>
    request('GET', `/conversations/${id(conversation)}/messages${query({ cursor, limit: 100 })}`),
  feedback: (conversation: string, message: string, rating: Rating | null, reason?: string): Promise<void> =>
    request('PUT', `/conversations/${id(conversation)}/messages/${id(message)}/feedback`, {
      rating, ...(reason ? { reason } : {}),
    }),

  overview: <T>(signal?: AbortSignal): Promise<T> => request('GET', '/system/overview', undefined, signal),

  socketUrl: (bot: string): string => {
    const url = new URL(`${BASE}/bots/${id(bot)}/socket`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = '';
    return url.href;
  },

  /** `fetch` cannot tell how much of a body has gone out, so uploads take the older way. */
  upload: (
    conversation: string, file: File, progress: (fraction: number) => void, signal: AbortSignal,
  ): Promise<Attachment> => new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', `${BASE}/conversations/${id(conversation)}/attachments${query({ filename: file.name })}`);
    xhr.setRequestHeader('accept', 'application/json');
    xhr.setRequestHeader('content-type', file.type || 'application/octet-stream');
    xhr.responseType = 'text';
    xhr.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    xhr.onerror = () => reject(new ApiError(0, {}));
    xhr.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    xhr.onload = () => {
      let document: unknown = {};
      try {
        document = JSON.parse(xhr.responseText);
      } catch {
        // Not ours; the status says enough.
      }
      if (xhr.status >= 200 && xhr.status < 300) resolve(document as Attachment);
      else reject(new ApiError(xhr.status, document as Problem));
    };
    signal.addEventListener('abort', () => xhr.abort(), { once: true });
    xhr.send(file);
  }),
};
