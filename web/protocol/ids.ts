/**
 * Ids that the client makes: a type prefix, `_`, and a UUID in 32 hexadecimal digits.
 * `crypto.randomUUID` exists only in secure contexts, and a server on the local network is not one.
 */
export function newId(prefix: 'msg'): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `${prefix}_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
