/** How serious a problem is, in the owner's language; a level of a later server has only its own name. */
import { known, t } from '../i18n/index.svelte';

export function levelName(level: string): string {
  const key = `owner.level.${level}`;
  return known(key) ? t(key) : level;
}
