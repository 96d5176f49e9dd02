/**
 * A bot's theme may choose a colour, never its legibility: the colour is moved towards black or white until it can be
 * read on our surfaces (WCAG contrast), separately for light and dark. Pure.
 */

export type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [10, 14, 18];

/** `#rgb` or `#rrggbb`; anything else is for the browser to translate first. */
export function parseHex(text: string): Rgb | null {
  const match = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim());
  const digits = match?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? Array.from(digits, (digit) => digit + digit).join('') : digits;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as unknown as Rgb;
}

export function toHex(rgb: Rgb): string {
  return `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((channel) => {
    const s = channel / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((channel, at) => channel + ((to[at] ?? 0) - channel) * share) as unknown as Rgb;
}

/** The colour nearest to `colour`, on the way to `towards`, that has `ratio` against every one of `grounds`. */
export function readable(colour: Rgb, grounds: readonly Rgb[], towards: Rgb, ratio: number): Rgb {
  for (let step = 0; step <= 50; step += 1) {
    const candidate = mix(colour, towards, step / 50);
    if (grounds.every((ground) => contrast(candidate, ground) >= ratio)) return candidate;
  }
  return towards;
}

export interface Accent {
  accentLight: string;
  accentDark: string;
  onAccentLight: string;
  onAccentDark: string;
}

/** Grounds are the quietest surfaces that accent text stands on, in tokens.css `--bg` to `--bg-quiet`. */
const LIGHT_GROUNDS: readonly Rgb[] = [WHITE, [0xea, 0xec, 0xee]];
const DARK_GROUNDS: readonly Rgb[] = [[0x13, 0x15, 0x17], [0x27, 0x2c, 0x31]];

export function accentFor(colour: Rgb): Accent {
  const light = readable(colour, LIGHT_GROUNDS, INK, 4.6);
  const dark = readable(colour, DARK_GROUNDS, WHITE, 4.6);
  const on = (ground: Rgb): string => toHex(contrast(WHITE, ground) >= contrast(INK, ground) ? WHITE : INK);
  return { accentLight: toHex(light), accentDark: toHex(dark), onAccentLight: on(light), onAccentDark: on(dark) };
}
