/**
 * Talking with the page that embeds this one. Only the embedding window is listened to, and what is said to it are
 * words and a number: nothing of the conversation.
 */
export type FromHost = { type: 'botserver:open' } | { type: 'botserver:hidden' };
export type ToHost =
  | { type: 'botserver:ready' } | { type: 'botserver:close' } | { type: 'botserver:unread'; count: number };

export function tellHost(message: ToHost): void {
  if (window.parent !== window) window.parent.postMessage(message, '*');
}

export function listenToHost(heard: (message: FromHost) => void, signal: AbortSignal): void {
  addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
    if (source !== window.parent || window.parent === window) return;
    const type = (data as { type?: unknown } | null)?.type;
    if (type === 'botserver:open' || type === 'botserver:hidden') heard({ type });
  }, { signal });
}
