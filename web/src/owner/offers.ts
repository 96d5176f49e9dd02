/** A model that was found, as the lines of config.csv that would use it. Pure. */
import type { ModelOffer } from '../../protocol/owner';

export function offerKey({ kind, url, variable, software }: ModelOffer): string {
  return [kind, software ?? '', url ?? variable ?? ''].join('-').replace(/[^\w-]/g, '_');
}

/** The server may say the lines; else they follow from what was found. */
export function offerLines(offer: ModelOffer, model: string): string[] {
  const lines = offer.config?.length ? offer.config : [...(offer.kind === 'key' ? keyLines(offer) : [`llm-url,${offer.url ?? ''}`]), 'llm-model,{model}'];
  return lines.map((line) => line.replaceAll('{model}', model));
}

/** The key itself is not ours to know. */
function keyLines({ provider, variable }: ModelOffer): string[] {
  const value = `<${variable ?? ''}>`;
  if (provider === 'openai' || provider === 'anthropic') return [`${provider}-key,${value}`];
  return [...(provider ? [`llm-provider,${provider}`] : []), `llm-key,${value}`];
}

/** Packages may not name addresses of this machine or its network; the operator opens one in config.toml. */
export function operatorLines({ kind, url }: ModelOffer): string[] {
  if (kind === 'key' || !url) return [];
  try {
    const { host, hostname, port, protocol } = new URL(url);
    if (!/^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[)/.test(hostname)) return [];
    return ['[outbound]', `allow = ["${port ? host : `${hostname}:${protocol === 'https:' ? 443 : 80}`}"]`];
  } catch {
    return [];
  }
}
