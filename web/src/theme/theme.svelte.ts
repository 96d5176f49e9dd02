/** Light, dark or as the system says; and the accent of the bot at hand. */
import { durable } from '$lib/storage';
import { accentFor, parseHex } from './contrast';

export type Mode = 'system' | 'light' | 'dark';
const STORED = 'botserver.theme';

class ThemeState {
  mode = $state<Mode>('system');
}

const state = new ThemeState();

export function themeMode(): Mode {
  return state.mode;
}

export function setThemeMode(mode: Mode): void {
  state.mode = mode;
  const root = document.documentElement;
  if (mode === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = mode;
  if (mode === 'system') durable.removeItem(STORED);
  else durable.setItem(STORED, mode);
}

export function startTheme(): void {
  const stored = durable.getItem(STORED);
  if (stored === 'light' || stored === 'dark') setThemeMode(stored);
}

/** Any CSS colour as the browser understands it, or null. */
function resolve(colour: string): ReturnType<typeof parseHex> {
  const direct = parseHex(colour);
  if (direct) return direct;
  if (!CSS.supports('color', colour) || /var\(|url\(/i.test(colour)) return null;
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return null;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
  return [r, g, b];
}

export function applyAccent(colour: string | null | undefined): void {
  const style = document.documentElement.style;
  const rgb = colour ? resolve(colour) : null;
  const accent = rgb ? accentFor(rgb) : null;
  const pairs: [string, string | undefined][] = [
    ['--accent-light', accent?.accentLight],
    ['--accent-dark', accent?.accentDark],
    ['--on-accent-light', accent?.onAccentLight],
    ['--on-accent-dark', accent?.onAccentDark],
  ];
  for (const [name, value] of pairs) {
    if (value) style.setProperty(name, value);
    else style.removeProperty(name);
  }
}
