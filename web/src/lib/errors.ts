/** What to tell a person about a failed request: the server's sentence, or ours. */
import { ApiError } from '$protocol';
import { t } from '../i18n/index.svelte';

export function sentence(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unknown');
  if (error.status === 0) return t('error.unreachable');
  if (error.status === 413) return t('error.tooLarge');
  const words = [error.message.startsWith('HTTP ') ? t('error.unknown') : error.message, error.detail].filter(Boolean).join(' ');
  return error.reference ? `${words} (${error.reference})` : words;
}
