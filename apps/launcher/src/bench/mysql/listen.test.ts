// What a client of MySQL says is heard however the bytes come in pieces, and what cannot be followed is said to be so.
import type { Diary, Ears } from '../bench-engine';
import type { HeardMove } from '../tape';
import { listen } from './listen';

const TLS = 1 << 11;
const QUERY_ATTRIBUTES = 1 << 27;
const OK = Buffer.from([0x00, 0, 0, 2, 0, 0, 0]);

/** Of a server that offers these capabilities. */
function greeting(offered = 0xf7ff_ffff): Buffer {
  const rest = Buffer.alloc(20);
  rest.writeUInt16LE(offered & 0xffff, 13);
  rest.writeUInt16LE(offered >>> 16, 18);
  return packet(0, '\x0a11.4\0', rest);
}

const MORE_AUTHENTICATION = Buffer.from([0xfe, 0x00]);

function packet(sequence: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, body]);
}

const counted = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

function handshake(database: string | null, more = 0): Buffer {
  const head = Buffer.alloc(32);
  const withDatabase = database === null ? 0 : 1 << 3;
  head.writeUInt32LE((withDatabase | (1 << 15) | (1 << 19) | (1 << 20) | more) >>> 0, 0);
  head.writeUInt8(45, 8);
  const attributes = Buffer.concat([counted('program_name'), counted('berth')]);
  const rest = [counted('\x01\x02\x03'), database === null ? '' : `${database}\0`, 'mysql_native_password\0'];
  return packet(1, head, 'admin\0', ...rest, Buffer.from([attributes.length]), attributes);
}

const refused = Buffer.concat([Buffer.from([0xff]), Buffer.from([1044 & 0xff, 1044 >> 8]), Buffer.from('#42000no')]);

function open(): { ears: Ears; moves: HeardMove[]; told: string[] } {
  const moves: HeardMove[] = [];
  const told: string[] = [];
  const diary: Diary = {
    begin: (move) => void moves.push(move),
    answer: () => void told.push('answer'),
    refuse: (code) => void told.push(`refused with ${code}`),
    giveUp: (why) => void told.push(why),
  };
  return { ears: listen(7, diary), moves, told };
}

/** Byte by byte: no packet comes in one piece. */
function say(hear: (chunk: Buffer) => void, ...packets: Buffer[]): void {
  for (const byte of Buffer.concat(packets)) hear(Buffer.from([byte]));
}

test('a connection, its statements and its end are heard', () => {
  const { ears, moves } = open();
  say(ears.fromServer, greeting());
  say(ears.fromClient, handshake('shop'));
  say(ears.fromServer, packet(2, MORE_AUTHENTICATION));
  say(ears.fromClient, packet(3, '\x03 this is a password, and no statement'));
  say(ears.fromServer, packet(4, OK));
  say(ears.fromClient, packet(0, '\x03', "SELECT 'ä'"));
  say(ears.fromServer, packet(1, '\x01'), packet(2, 'rows'), packet(3, OK));
  say(ears.fromClient, packet(0, '\x01'));
  expect(moves).toEqual([
    {
      kind: 'open',
      session: 7,
      startup: {
        program_name: 'berth',
        user: 'admin',
        database: 'shop',
        charset: '45',
        capabilities: expect.any(String),
      },
      refusal: null,
    },
    { kind: 'query', session: 7, sql: "SELECT 'ä'", values: null },
    { kind: 'close', session: 7 },
  ]);
});

test('a connection in no database has none', () => {
  const { ears, moves } = open();
  say(ears.fromClient, handshake(null));
  expect(moves).toEqual([
    expect.objectContaining({ startup: expect.not.objectContaining({ database: expect.anything() }) }),
  ]);
});

test('a refused connection is told with its number; an error of a statement is no refusal', () => {
  const { ears, told } = open();
  say(ears.fromClient, handshake('shop'));
  say(ears.fromServer, packet(2, refused));
  expect(told).toEqual(['refused with 1044', 'answer']);
  const other = open();
  say(other.ears.fromClient, handshake('shop'));
  say(other.ears.fromServer, packet(2, OK));
  say(other.ears.fromClient, packet(0, '\x03SELECT'));
  say(other.ears.fromServer, packet(1, refused));
  expect(other.told).toEqual(['answer', 'answer']);
});

test.each([
  ['a prepared statement', [handshake('shop'), packet(0, '\x16SELECT ?')], 'command 22'],
  ['a statement of several packets', [handshake('shop'), packet(1, '\x03SELECT')], 'a command of more than one packet'],
  ['TLS', [handshake('shop', TLS)], 'a client asked for TLS'],
  ['attributes of statements', [handshake('shop', QUERY_ATTRIBUTES)], 'a client sends attributes with its statements'],
])('%s is not followed, and said not to be', (_, [first = Buffer.alloc(0), ...then], why) => {
  const { ears, told } = open();
  say(ears.fromServer, greeting(0xffff_ffff));
  say(ears.fromClient, first);
  say(ears.fromServer, packet(2, OK));
  for (const each of then) say(ears.fromClient, each);
  expect(told).toContain(why);
});

test('what a client would do and the server does not offer is not done', () => {
  const { ears, moves, told } = open();
  say(ears.fromServer, greeting());
  say(ears.fromClient, handshake('shop', QUERY_ATTRIBUTES));
  say(ears.fromServer, packet(2, OK));
  say(ears.fromClient, packet(0, '\x03SELECT 1'));
  expect(moves[1]).toMatchObject({ sql: 'SELECT 1' });
  expect(told).not.toContain('a client sends attributes with its statements');
});
