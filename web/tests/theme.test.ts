import { describe, expect, it } from 'vitest';
import { accentFor, contrast, parseHex } from '../src/theme/contrast';
import type { Rgb } from '../src/theme/contrast';

const rgb = (hex: string): Rgb => parseHex(hex) ?? [0, 0, 0];

describe('accent', () => {
  it.each(['#ffff00', '#ffffff', '#000000', '#d9480f', '#00f', '#808080', '#ff69b4'])('%s stays readable', (colour) => {
    const accent = accentFor(rgb(colour));
    expect(contrast(rgb(accent.accentLight), rgb('#ffffff'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(rgb(accent.accentDark), rgb('#131517'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(rgb(accent.accentLight), rgb(accent.onAccentLight))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(rgb(accent.accentDark), rgb(accent.onAccentDark))).toBeGreaterThanOrEqual(4.5);
  });

  it('leaves a readable colour alone', () => expect(accentFor(rgb('#0b6b5d')).accentLight).toBe('#0b6b5d'));
  it('refuses what is not a colour', () => expect(parseHex('url(x)')).toBeNull());
});
