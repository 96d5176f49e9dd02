/** Which addresses a message may name. Everything else stays text. */

const LINKS = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const MEDIA = new Set(['http:', 'https:']);

function resolve(href: string, base: string, allowed: ReadonlySet<string>): string | null {
  const text = href.trim();
  if (!text || text.startsWith('#')) return null;
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    return null;
  }
  // The parsed protocol, not the spelling: browsers ignore tabs, line ends and case in it.
  return allowed.has(url.protocol) ? url.href : null;
}

export function safeLink(href: string, base = location.origin): string | null {
  return resolve(href, base, LINKS);
}

export function safeMedia(src: string, base = location.origin): string | null {
  return resolve(src, base, MEDIA);
}
