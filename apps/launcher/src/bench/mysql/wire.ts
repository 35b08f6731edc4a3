// The wire protocol of MySQL and MariaDB, as far as listening needs it.
// https://mariadb.com/kb/en/clientserver-protocol/, https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html

const HEADER_BYTES = 4;
const LENGTH_BYTES = 3;

/** Cuts a stream into packets, however it comes in pieces. `sequence` is 0 for the first of a command. */
export function packetReader(onPacket: (body: Buffer, sequence: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < HEADER_BYTES) return;
      const end = HEADER_BYTES + rest.readUIntLE(0, LENGTH_BYTES);
      if (rest.length < end) return;
      onPacket(rest.subarray(HEADER_BYTES, end), rest.readUInt8(LENGTH_BYTES));
      rest = rest.subarray(end);
    }
  };
}

/** The first byte of what the server says, where it is one of these. */
export const ANSWER = { ok: 0x00, greeting: 0x0a, error: 0xff } as const;

/** The first byte of what a client says in a session. */
export const COMMAND = { quit: 0x01, query: 0x03 } as const;

/** https://mariadb.com/kb/en/connection/#capabilities */
const CAPABILITY = {
  connectWithDatabase: 1 << 3,
  compress: 1 << 5,
  tls: 1 << 11,
  shortAuthentication: 1 << 15,
  plugin: 1 << 19,
  attributes: 1 << 20,
  longAuthentication: 1 << 21,
  queryAttributes: 1 << 27,
};

/** What a client says of itself in its handshake. */
export interface Handshake {
  /** Its attributes, and beside them `user`, `database` (none: left out), `charset` and `capabilities` as numbers. */
  startup: Record<string, string>;
  /** What makes the rest of this connection unreadable here; null when nothing does. */
  unreadable: string | null;
}

const USER_AT = 32; // behind capabilities, the longest packet, the character set and what is reserved

/** What a server offers, from its greeting. */
export function readOffered(greeting: Buffer): number {
  const at = greeting.indexOf(0, 1) + LOWER_AFTER; // behind the server's version
  return greeting.readUInt16LE(at) + greeting.readUInt16LE(at + UPPER_AFTER) * 2 ** 16;
}

const LOWER_AFTER = 14; // the end of the text, the number of the session, eight bytes of a challenge, and a zero
const UPPER_AFTER = 5; // the lower half, the character set and the status

/** Reads a HandshakeResponse41. What is in force is what the server `offered` and the client took. */
export function readHandshake(body: Buffer, offered: number): Handshake {
  const capabilities = body.readUInt32LE(0);
  const has = (capability: number) => (capabilities & capability) !== 0;
  const unreadable = unreadableOf((capability) => has(capability) && (offered & capability) !== 0);
  if (unreadable !== null) return { startup: {}, unreadable };
  const reader = readerAt(body, USER_AT);
  const user = reader.untilZero();
  if (has(CAPABILITY.longAuthentication) || has(CAPABILITY.shortAuthentication)) reader.counted();
  else reader.untilZero();
  const database = has(CAPABILITY.connectWithDatabase) ? reader.untilZero() : '';
  if (has(CAPABILITY.plugin)) reader.untilZero();
  const attributes: Record<string, string> = {};
  if (has(CAPABILITY.attributes)) {
    const pairs = readerAt(Buffer.from(reader.counted()), 0);
    while (!pairs.isAtEnd()) attributes[pairs.counted().toString('utf8')] = pairs.counted().toString('utf8');
  }
  const charset = String(body.readUInt8(8));
  const told = { user, ...(database !== '' && { database }), charset, capabilities: String(capabilities) };
  return { startup: { ...attributes, ...told }, unreadable: null };
}

function unreadableOf(has: (capability: number) => boolean): string | null {
  if (has(CAPABILITY.tls)) return 'a client asked for TLS';
  if (has(CAPABILITY.compress)) return 'a client asked for compression';
  if (has(CAPABILITY.queryAttributes)) return 'a client sends attributes with its statements';
  return null;
}

/** The number of an error, such as 1044. */
export function readErrorNumber(body: Buffer): string {
  return String(body.readUInt16LE(1));
}

const ONE_BYTE_MAX = 0xfa;
const TWO_BYTES = 0xfc;

function readerAt(body: Buffer, start: number) {
  let at = start;
  return {
    isAtEnd: () => at >= body.length,
    untilZero(): string {
      const end = body.indexOf(0, at);
      const text = body.toString('utf8', at, end);
      at = end + 1;
      return text;
    },
    /** A length of one byte, or of two behind a mark, and as many bytes. */
    counted(): Buffer {
      const first = body.readUInt8(at);
      if (first > ONE_BYTE_MAX && first !== TWO_BYTES) throw new RangeError('A text of a handshake is too long');
      const length = first === TWO_BYTES ? body.readUInt16LE(at + 1) : first;
      at += (first === TWO_BYTES ? 3 : 1) + length;
      return body.subarray(at - length, at);
    },
  };
}
