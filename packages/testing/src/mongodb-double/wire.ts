// The frames of MongoDB's wire protocol that its drivers send today: OP_MSG, and OP_QUERY for the first hello alone.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
import { type Document, deserialize, serialize } from 'bson';

const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
/** Of an OP_REPLY: AwaitCapable, which every server of today sets. */
const REPLY_FLAGS = 8;
const MESSAGE_BYTES_MAX = 48_000_000;

export interface Request {
  id: number;
  isLegacy: boolean;
  body: Document;
}

/** Cuts what has come into whole messages and the rest. Throws for a length that no message has. */
export function cutMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let rest = received;
  while (rest.length >= HEADER_BYTES) {
    const length = rest.readInt32LE(0);
    if (length < HEADER_BYTES || length > MESSAGE_BYTES_MAX) throw new Error(`A message of ${length} bytes`);
    if (rest.length < length) break;
    messages.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return { messages, rest };
}

/** Throws for every other operation, flag or section: a double does not guess. */
export function readRequest(message: Buffer): Request {
  const id = message.readInt32LE(4);
  const operation = message.readInt32LE(12);
  if (operation === OP_MSG) return { id, isLegacy: false, body: readMessageBody(message) };
  if (operation === OP_QUERY) return { id, isLegacy: true, body: readQueryBody(message) };
  throw new Error(`The operation ${operation} is not spoken here`);
}

function readMessageBody(message: Buffer): Document {
  const flags = message.readUInt32LE(HEADER_BYTES);
  const section = message.readUInt8(HEADER_BYTES + 4);
  if (flags !== 0 || section !== 0) throw new Error(`Flags ${flags}, section ${section} are not spoken here`);
  const start = HEADER_BYTES + 5;
  const bytes = message.readInt32LE(start);
  if (start + bytes !== message.length) throw new Error('More than one section is not spoken here');
  return deserialize(message.subarray(start));
}

function readQueryBody(message: Buffer): Document {
  const nameEnd = message.indexOf(0, HEADER_BYTES + 4);
  const name = message.toString('utf8', HEADER_BYTES + 4, nameEnd);
  if (name !== 'admin.$cmd') throw new Error(`OP_QUERY of ${name} is not spoken here`);
  return { ...deserialize(message.subarray(nameEnd + 1 + 8)), $db: 'admin' };
}

export function writeReply({ id, isLegacy }: Request, replyId: number, body: Document): Buffer {
  const bytes = serialize(body);
  const before = isLegacy ? 20 : 5;
  const reply = Buffer.alloc(HEADER_BYTES + before + bytes.length);
  reply.writeInt32LE(reply.length, 0);
  reply.writeInt32LE(replyId, 4);
  reply.writeInt32LE(id, 8);
  reply.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12);
  if (isLegacy) {
    reply.writeInt32LE(REPLY_FLAGS, HEADER_BYTES);
    reply.writeInt32LE(1, HEADER_BYTES + 16); // one document
  }
  reply.set(bytes, HEADER_BYTES + before);
  return reply;
}
