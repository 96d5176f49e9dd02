/** A model that was found, as the lines of config.csv that would use it. Pure. */
import type { ModelOffer } from '../../protocol/owner';

export function offerKey({ kind, url, variable, software }: ModelOffer): string {
  return [kind, software ?? '', url ?? variable ?? ''].join('-').replace(/[^\w-]/g, '_');
}

/** The server says the lines; an offer without them is a server with an address. */
export function offerLines(offer: ModelOffer, model: string): string[] {
  const lines = offer.config?.length
    ? offer.config
    : [...(offer.url ? [`llm-url,${offer.url}`] : []), ...(offer.provider ? [`llm-provider,${offer.provider}`] : []), 'llm-model,{model}'];
  return lines.map((line) => line.replaceAll('{model}', model));
}
