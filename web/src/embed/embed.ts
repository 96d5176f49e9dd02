/**
 * The chat on any page: <script src="https://host/embed.js" data-bot="shop" async></script>
 *
 *   data-bot       which bot; the default bot without it
 *   data-label     what the button is called ("Chat" in the page's language)
 *   data-position  "end" (default) or "start": the side of the page, by its reading direction
 *   data-open      open at once
 *   data-accent    colour of the button; that of the bot's theme without it
 *
 * No dependency, no global but `BotServer.open()`, `.close()`, `.toggle()`. Styles live in a shadow root and are set
 * through the CSSOM, so that a host page's Content-Security-Policy needs only `script-src` and `frame-src` for our
 * origin. The frame is loaded when the chat is first opened, and shown when it says that it is there: a browser that
 * refuses it says so to nobody, and then the launcher does.
 */
import { accentFor } from '../theme/contrast';
import type { Rgb } from '../theme/contrast';

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

interface Words {
  chat: string;
  close: string;
  unread: string;
  loading: string;
  refused: string;
  tab: string;
  /** For the owner: the site is not allowed to show the bot, or its own policy forbids the frame. */
  site: (page: string) => string;
  policy: (origin: string) => string;
}

const WORDS: Record<string, Words> = {
  en: {
    chat: 'Chat', close: 'Close chat', unread: 'unread messages', loading: 'Loading…',
    refused: 'The chat cannot be shown on this page.', tab: 'Open it in its own tab',
    site: (page) => `Is this your site? Add ${page} to cors-allowed-origins in the bot’s config.csv.`,
    policy: (origin) => `Is this your site? Add ${origin} to frame-src in its Content-Security-Policy.`,
  },
  pt: {
    chat: 'Conversar', close: 'Fechar conversa', unread: 'mensagens não lidas', loading: 'Carregando…',
    refused: 'A conversa não pode ser exibida nesta página.', tab: 'Abrir em outra aba',
    site: (page) => `Este site é seu? Acrescente ${page} a cors-allowed-origins no config.csv do bot.`,
    policy: (origin) => `Este site é seu? Acrescente ${origin} a frame-src na Content-Security-Policy dele.`,
  },
  es: {
    chat: 'Chatear', close: 'Cerrar chat', unread: 'mensajes sin leer', loading: 'Cargando…',
    refused: 'El chat no se puede mostrar en esta página.', tab: 'Abrirlo en otra pestaña',
    site: (page) => `¿Este sitio es tuyo? Añade ${page} a cors-allowed-origins en el config.csv del bot.`,
    policy: (origin) => `¿Este sitio es tuyo? Añade ${origin} a frame-src en su Content-Security-Policy.`,
  },
};

/** How long a page that has loaded may take to say so, and how long one may take to load. */
const READY_MS = 2_000;
const LOAD_MS = 15_000;

const STYLE = `
:host { all: initial; color-scheme: light dark; }
* { box-sizing: border-box; }
.launcher {
  position: fixed; z-index: 2147483000; inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px));
  inset-inline-end: 20px; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
  display: grid; place-items: center; background: var(--accent, #0b6b5d); color: var(--on-accent, #fff);
  box-shadow: 0 6px 20px rgb(0 0 0 / 24%);
}
:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #1a1c1f; }
.start .launcher, .start .panel { inset-inline: 20px auto; }
svg { width: 26px; height: 26px; }
.badge {
  position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-width: 20px; height: 20px; padding: 0 6px;
  border-radius: 10px; background: #b3261e; color: #fff; border: 2px solid #fff; box-sizing: content-box;
  font: 600 12px/20px system-ui, sans-serif; text-align: center;
}
[hidden] { display: none !important; }
.panel {
  position: fixed; z-index: 2147483000; inset-block-end: calc(88px + env(safe-area-inset-bottom, 0px));
  inset-inline-end: 20px; width: 400px; max-width: calc(100vw - 40px); height: min(640px, calc(100vh - 120px));
  border-radius: 12px; overflow: hidden; background: Canvas; color: CanvasText;
  box-shadow: 0 12px 40px rgb(0 0 0 / 26%), 0 0 0 1px rgb(127 127 127 / 30%);
}
iframe { display: block; width: 100%; height: 100%; border: 0; }
iframe:not(.ready) { visibility: hidden; }
.note {
  position: absolute; inset: 0; display: flex; flex-direction: column; justify-content: center; gap: 16px; padding: 32px;
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; overflow-y: auto;
}
.note p { margin: 0; }
.note[role=status] { text-align: center; animation: late 120ms 600ms backwards; }
@keyframes late { from { opacity: 0; } }
.note .refused { font-size: 17px; font-weight: 600; line-height: 1.3; }
.note a {
  align-self: start; padding: 10px 16px; border-radius: 8px; background: var(--accent, #0b6b5d); color: var(--on-accent, #fff);
  font-weight: 500; line-height: 1.3; text-decoration: none;
}
.note .owner { font-size: 13px; opacity: .8; }
.note button {
  position: absolute; inset-block-start: 8px; inset-inline-end: 8px; width: 44px; height: 44px; padding: 0; border: 0;
  border-radius: 8px; background: none; color: inherit; cursor: pointer; display: grid; place-items: center;
}
@media (max-width: 480px) {
  .panel, .start .panel {
    inset: 0; width: 100vw; max-width: none; height: 100vh; height: 100dvh; border-radius: 0; box-shadow: none;
  }
  .opened .launcher { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: in 160ms ease-out; }
  @keyframes in { from { opacity: 0; transform: translateY(12px); } }
}
@media (forced-colors: active) { .launcher, .panel { border: 2px solid ButtonText; } }
`;

const CHAT = 'M4 6.500A2.500 2.500 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 4v-4A2.500 2.500 0 0 1 4 13.500z';
const CROSS = 'M6 6l12 12M18 6L6 18';

function element<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = name;
  if (made instanceof HTMLButtonElement) made.type = 'button';
  return made;
}

/** Puts an icon into a button; returns its line. */
function icon(button: HTMLElement, line: string): SVGPathElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [key, value] of [['viewBox', '0 0 24 24'], ['fill', 'none'], ['stroke', 'currentColor'], ['stroke-width', '2'], ['stroke-linejoin', 'round'], ['stroke-linecap', 'round'], ['aria-hidden', 'true']] as const) {
    svg.setAttribute(key, value);
  }
  path.setAttribute('d', line);
  svg.append(path);
  button.append(svg);
  return path;
}

function start(script: HTMLScriptElement): void {
  if (window.BotServer) return;
  const origin = new URL(script.src, location.href).origin;
  const { bot = 'default', label, position = 'end', open: openNow, accent } = script.dataset;
  const language = (document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
  const words = WORDS[language] ?? WORDS['en']!;
  const name = label || words.chat;
  const used = `botserver.used.${bot}`;
  const address = `${origin}/${encodeURIComponent(bot)}`;

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

  const box = element('div', position === 'start' || position === 'left' ? 'start' : '');
  const button = element('button', 'launcher');
  const path = icon(button, CHAT);
  const badge = element('span', 'badge');
  badge.setAttribute('aria-hidden', 'true');
  button.append(badge);
  const panel = element('div', 'panel');
  const note = element('div', 'note');
  panel.append(note);
  box.append(panel, button);
  root.append(box);

  let frame: HTMLIFrameElement | null = null;
  let ready = false;
  let opened = false;
  let unread = 0;
  let colour = accent;
  /** Why nothing is in the frame, for whoever can change it; null while there is hope. */
  let refusal: string | null = null;

  function tell(type: 'botserver:open' | 'botserver:hidden'): void {
    if (ready) frame?.contentWindow?.postMessage({ type }, origin);
  }

  function load(): void {
    if (frame) return;
    const own = element('iframe', '');
    frame = own;
    own.title = name;
    own.src = `${address}?embed=1`;
    own.allow = 'clipboard-write';
    const late = (): void => {
      if (frame === own) refuse(words.site(location.origin));
    };
    own.addEventListener('load', () => setTimeout(late, READY_MS));
    setTimeout(late, LOAD_MS);
    panel.append(own);
  }

  function refuse(why: string): void {
    if (ready || refusal !== null) return;
    refusal = why;
    show();
    if (opened) note.querySelector('a')?.focus();
  }

  /** What stands where the chat will be: that it comes, or that it cannot. */
  function explain(): void {
    note.hidden = ready;
    // A screen reader has the frame's title while it loads, and hears this when it changes.
    note.setAttribute('role', refusal === null ? 'status' : 'alert');
    if (ready || (note.dataset['of'] ?? null) === (refusal ?? '')) return;
    note.dataset['of'] = refusal ?? '';
    const text = (words_: string, of: string): HTMLElement => {
      const line = element('p', of);
      line.textContent = words_;
      return line;
    };
    const close = element('button', '');
    close.setAttribute('aria-label', words.close);
    icon(close, CROSS);
    close.addEventListener('click', () => set(false));
    if (refusal === null) {
      note.replaceChildren(text(words.loading, ''), close);
      return;
    }
    const link = element('a', '');
    link.href = address;
    link.target = '_blank';
    link.rel = 'noopener';
    link.textContent = words.tab;
    note.replaceChildren(text(words.refused, 'refused'), link, text(refusal, 'owner'), close);
  }

  /** The colour as the browser understands it, moved to where an icon on it can be seen. */
  function paint(): void {
    if (!colour || !host.isConnected || !CSS.supports('color', colour)) return;
    const { style } = button;
    style.background = colour;
    const rgb = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(getComputedStyle(button).backgroundColor);
    style.background = '';
    if (!rgb) return;
    const { accentLight, onAccentLight } = accentFor(rgb.slice(1).map(Number) as unknown as Rgb);
    box.style.setProperty('--accent', accentLight);
    box.style.setProperty('--on-accent', onAccentLight);
  }

  function show(): void {
    box.classList.toggle('opened', opened);
    panel.hidden = !opened;
    frame?.classList.toggle('ready', ready);
    explain();
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
    } else if (refusal !== null) {
      // The next opening tries again.
      frame?.remove();
      frame = null;
      refusal = null;
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
      refusal = null;
      show();
      tell(opened ? 'botserver:open' : 'botserver:hidden');
      if (opened && (document.activeElement === document.body || document.activeElement === host)) frame.focus();
    } else if (message?.type === 'botserver:close') {
      set(false);
    } else if (message?.type === 'botserver:unread' && typeof message.count === 'number') {
      unread = opened ? 0 : Math.max(0, Math.floor(message.count));
      show();
    }
  });
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
    if (frame && effectiveDirective === 'frame-src' && blockedURI.startsWith(origin)) refuse(words.policy(origin));
  });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && opened && !event.defaultPrevented) set(false);
  });
  button.addEventListener('click', () => set(!opened));

  window.BotServer = { open: () => set(true), close: () => set(false), toggle: () => set(!opened) };
  show();
  const place = (): void => {
    document.body.append(host);
    paint();
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
  if (!colour) {
    // A script, because that is all that the page's policy grants us before the chat is opened.
    const look = document.createElement('script');
    look.src = `${origin}/api/v1/bots/${encodeURIComponent(bot)}/widget.js`;
    look.nonce = script.nonce;
    look.addEventListener('look', (event) => {
      colour = (event as CustomEvent<{ accent?: string | null }>).detail.accent ?? undefined;
      paint();
    });
    document.head.append(look);
  }
  if (document.body) place();
  else addEventListener('DOMContentLoaded', place, { once: true });
}

if (document.currentScript instanceof HTMLScriptElement) start(document.currentScript);

export {};
