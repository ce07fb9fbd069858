// Documents behind the # of a link, which no server sees: base64url of JSON.

/** Longest fragment that is looked at, characters. */
const FRAGMENT_MAX = 8_192;

/** Whatever document stands in a fragment, base64url of JSON, as fields to be checked. */
export function parseFragment(fragment: string): Record<string, unknown> | undefined {
  const text = fragment.replace(/^#/, '');
  if (text.length === 0 || text.length > FRAGMENT_MAX || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The other way: what stands behind # of a link. */
export function toFragment(document: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
