/** Addresses inside the owner's page: `#section/part/part`. Pure. */

export function parsePath(hash: string): string[] {
  return hash.replace(/^#/, '').split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

export function formatPath(...parts: (string | number)[]): string {
  return `#${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}
