/** How a bot is called and pictured. */
import type { Bot } from '$protocol';
import { safeMedia } from '../markdown/url';

export function botTitle(bot: Pick<Bot, 'name' | 'title' | 'theme'>): string {
  return bot.theme?.title || bot.title || bot.name;
}

/** An address, or a file of the theme folder. */
export function botLogo(bot: Pick<Bot, 'name' | 'theme'>): string | null {
  const logo = bot.theme?.logo;
  if (!logo) return null;
  const path = /^(https?:)?\//i.test(logo)
    ? logo
    : `/api/v1/bots/${encodeURIComponent(bot.name)}/theme/${logo.split('/').map(encodeURIComponent).join('/')}`;
  return safeMedia(path);
}
