// What the rules of all engines make alike: a name of their own out of any name, and the parts of a URL.
import type { ConnectionFacts } from './contract';

const TAIL_BYTES = 6; // an underscore and five characters of the id

/** What is left of any text in `a-z0-9_`, with the five characters behind it; never one that begins with a reserved prefix. */
export function slugOf(name: string, idTail: string, bytesMax: number, reservedPrefixes: string[]): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/gu, '_')
    .replace(/^_+|_+$/gu, '');
  const isPlain = /^[a-z]/.test(slug) && !reservedPrefixes.some((prefix) => `${slug}_`.startsWith(prefix));
  const start = isPlain ? slug : `db_${slug}`.replace(/_$/, '');
  return `${start.slice(0, bytesMax - TAIL_BYTES)}_${idTail}`;
}

/** `user:password@host:port/database`, percent-encoded. It holds the password. */
export function loginAndPlace({ host, port, username, password, database }: ConnectionFacts): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `${encode(username)}:${encode(password.reveal())}@${address}/${encode(database)}`;
}

/** encodeURIComponent leaves !'()* as they are; RFC 3986 reserves them, and shells and templates trip over them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
