// PostgreSQL's wire protocol (version 3), as far as listening needs it.
// https://www.postgresql.org/docs/18/protocol-message-formats.html

/** One message. `startup` is the first one of a client, which has no type byte. */
export type OnMessage = (type: string, body: Buffer) => void;

const LENGTH_BYTES = 4;

/** Cuts a stream into messages, however it comes in pieces. `beginsWithStartup` for the client's side. */
export function messageReader(beginsWithStartup: boolean, onMessage: OnMessage): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let isStartup = beginsWithStartup;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const typeBytes = isStartup ? 0 : 1;
      if (rest.length < typeBytes + LENGTH_BYTES) return;
      const end = typeBytes + rest.readInt32BE(typeBytes);
      if (rest.length < end) return;
      onMessage(isStartup ? 'startup' : rest.toString('latin1', 0, 1), rest.subarray(typeBytes + LENGTH_BYTES, end));
      rest = rest.subarray(end);
      isStartup = false;
    }
  };
}

/** What a client said of itself: user, database, application_name and settings. */
export function readStartup(body: Buffer): Record<string, string> {
  const parts = body.subarray(LENGTH_BYTES).toString('utf8').split('\0'); // after the protocol's version
  const startup: Record<string, string> = {};
  for (let index = 0; parts[index]; index += 2) startup[parts[index] ?? ''] = parts[index + 1] ?? '';
  return startup;
}

/** The statement of Query (its only text), or of Parse (its second, after the name). */
export function readText(body: Buffer, position: 0 | 1): string {
  return body.toString('utf8').split('\0')[position] ?? '';
}

/** The values of Bind, in text form. */
export function readBind(body: Buffer): (string | null)[] {
  let at = body.indexOf(0) + 1; // the portal's name
  at = body.indexOf(0, at) + 1; // the statement's
  at += 2 + 2 * body.readInt16BE(at); // the formats
  const values: (string | null)[] = [];
  const count = body.readInt16BE(at);
  at += 2;
  for (let index = 0; index < count; index++) {
    const length = body.readInt32BE(at);
    at += LENGTH_BYTES;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

/** The code of an ErrorResponse (SQLSTATE): its field `C`. */
export function readErrorCode(body: Buffer): string {
  const fields = body.toString('utf8').split('\0');
  return fields.find((field) => field.startsWith('C'))?.slice(1) ?? '';
}
