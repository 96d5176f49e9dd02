/**
 * The chat on any page: <script src="https://host/embed.js" data-bot="shop" async></script>
 *
 *   data-bot       which bot; the default bot without it
 *   data-label     what the button is called ("Chat" in the page's language)
 *   data-position  "end" (default) or "start": the side of the page, by its reading direction
 *   data-open      open at once
 *   data-accent    colour of the button
 *
 * No dependency, no global but `BotServer.open()`, `.close()`, `.toggle()`. Styles live in a shadow root and are set
 * through the CSSOM, so that a host page's Content-Security-Policy needs only `script-src` and `frame-src` for our
 * origin. The frame is loaded when the chat is first opened.
 */
interface Api {
  open(): void;
  close(): void;
  toggle(): void;
}

declare global {
  interface Window {
    BotServer?: Api;
  }
}

const WORDS: Record<string, { chat: string; close: string; unread: string }> = {
  en: { chat: 'Chat', close: 'Close chat', unread: 'unread messages' },
  pt: { chat: 'Conversar', close: 'Fechar conversa', unread: 'mensagens não lidas' },
  es: { chat: 'Chatear', close: 'Cerrar chat', unread: 'mensajes sin leer' },
};

const STYLE = `
:host { all: initial; color-scheme: light dark; }
* { box-sizing: border-box; }
button {
  position: fixed; z-index: 2147483000; inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px));
  inset-inline-end: 20px; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
  display: grid; place-items: center; background: var(--accent, #0b6b5d); color: #fff;
  box-shadow: 0 6px 20px rgb(0 0 0 / 24%);
}
button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #1a1c1f; }
.start button, .start iframe { inset-inline: 20px auto; }
svg { width: 26px; height: 26px; }
.badge {
  position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-width: 20px; height: 20px; padding: 0 6px;
  border-radius: 10px; background: #b3261e; color: #fff; border: 2px solid #fff; box-sizing: content-box;
  font: 600 12px/20px system-ui, sans-serif; text-align: center;
}
[hidden] { display: none !important; }
iframe {
  position: fixed; z-index: 2147483000; inset-block-end: calc(88px + env(safe-area-inset-bottom, 0px));
  inset-inline-end: 20px; width: 400px; max-width: calc(100vw - 40px); height: min(640px, calc(100vh - 120px));
  border: 0; border-radius: 12px; background: Canvas;
  box-shadow: 0 12px 40px rgb(0 0 0 / 26%), 0 0 0 1px rgb(127 127 127 / 30%);
}
@media (max-width: 480px) {
  iframe, .start iframe {
    inset: 0; width: 100vw; max-width: none; height: 100vh; height: 100dvh; border-radius: 0; box-shadow: none;
  }
  .opened button { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  iframe { animation: in 160ms ease-out; }
  @keyframes in { from { opacity: 0; transform: translateY(12px); } }
}
@media (forced-colors: active) { button { border: 2px solid ButtonText; } }
`;

const CHAT = 'M4 6.500A2.500 2.500 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 4v-4A2.500 2.500 0 0 1 4 13.500z';
const CROSS = 'M6 6l12 12M18 6L6 18';

function start(script: HTMLScriptElement): void {
  if (window.BotServer) return;
  const origin = new URL(script.src, location.href).origin;
  const { bot = 'default', label, position = 'end', open: openNow, accent } = script.dataset;
  const language = (document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
  const words = WORDS[language] ?? WORDS['en']!;
  const name = label || words.chat;
  const used = `botserver.used.${bot}`;

  const host = document.createElement('botserver-chat');
  const root = host.attachShadow({ mode: 'closed' });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement('style');
    style.textContent = STYLE;
    root.append(style);
  }

  const box = document.createElement('div');
  box.className = position === 'start' || position === 'left' ? 'start' : '';
  const button = document.createElement('button');
  button.type = 'button';
  if (accent && CSS.supports('color', accent)) button.style.setProperty('--accent', accent);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [key, value] of [['viewBox', '0 0 24 24'], ['fill', 'none'], ['stroke', 'currentColor'], ['stroke-width', '2'], ['stroke-linejoin', 'round'], ['stroke-linecap', 'round'], ['aria-hidden', 'true']] as const) {
    svg.setAttribute(key, value);
  }
  svg.append(path);
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.setAttribute('aria-hidden', 'true');
  button.append(svg, badge);
  box.append(button);
  root.append(box);

  let frame: HTMLIFrameElement | null = null;
  let ready = false;
  let opened = false;
  let unread = 0;

  function tell(type: 'botserver:open' | 'botserver:hidden'): void {
    if (ready) frame?.contentWindow?.postMessage({ type }, origin);
  }

  function load(): void {
    if (frame) return;
    frame = document.createElement('iframe');
    frame.title = name;
    frame.src = `${origin}/${encodeURIComponent(bot)}?embed=1`;
    frame.allow = 'clipboard-write';
    frame.hidden = !opened;
    box.prepend(frame);
  }

  function show(): void {
    box.classList.toggle('opened', opened);
    if (frame) frame.hidden = !opened;
    path.setAttribute('d', opened ? CROSS : CHAT);
    badge.hidden = opened || unread === 0;
    badge.textContent = unread > 99 ? '99+' : String(unread);
    button.setAttribute('aria-expanded', String(opened));
    const state = opened ? words.close : unread > 0 ? `${name}, ${unread} ${words.unread}` : name;
    button.setAttribute('aria-label', state);
    button.title = state;
  }

  function set(next: boolean): void {
    if (opened === next) return;
    opened = next;
    if (opened) {
      unread = 0;
      load();
      try {
        sessionStorage.setItem(used, '1');
      } catch {
        // Then the badge waits for the next opening.
      }
    }
    show();
    tell(opened ? 'botserver:open' : 'botserver:hidden');
    if (opened) frame?.focus();
    else button.focus();
  }

  addEventListener('message', ({ source, origin: from, data }: MessageEvent<unknown>) => {
    if (!frame || source !== frame.contentWindow || from !== origin) return;
    const message = data as { type?: unknown; count?: unknown } | null;
    if (message?.type === 'botserver:ready') {
      ready = true;
      tell(opened ? 'botserver:open' : 'botserver:hidden');
    } else if (message?.type === 'botserver:close') {
      set(false);
    } else if (message?.type === 'botserver:unread' && typeof message.count === 'number') {
      unread = opened ? 0 : Math.max(0, Math.floor(message.count));
      show();
    }
  });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && opened && !event.defaultPrevented) set(false);
  });
  button.addEventListener('click', () => set(!opened));

  window.BotServer = { open: () => set(true), close: () => set(false), toggle: () => set(!opened) };
  show();
  const place = (): void => {
    document.body.append(host);
    if (openNow !== undefined && openNow !== 'false') set(true);
    else {
      try {
        // Somebody who talked on an earlier page of this visit wants to see the badge.
        if (sessionStorage.getItem(used)) load();
      } catch {
        // No storage, no badge before the first opening.
      }
    }
  };
  if (document.body) place();
  else addEventListener('DOMContentLoaded', place, { once: true });
}

if (document.currentScript instanceof HTMLScriptElement) start(document.currentScript);

export {};
