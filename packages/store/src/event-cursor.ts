// Places in the log of events, and cursors, which are places written so that nobody counts on their form.
import { PlatformError } from '@berth/core';

/** Everything up to and with this transaction and this number has been read. */
export interface Place {
  xid: bigint;
  number: number;
}

/** A place as it was handed out by the store on this server. */
export interface Cursor extends Place {
  origin: string;
}

/** Before everything that is kept. */
export const BEGINNING: Place = { xid: 0n, number: 0 };

export function isBefore(one: Place, other: Place): boolean {
  return one.xid === other.xid ? one.number < other.number : one.xid < other.xid;
}

/** Text for clients: safe in a URL, in JSON and in a line of an event stream. */
export function cursorOf({ xid, number, origin }: Cursor): string {
  return Buffer.from(`e${xid}.${number}.${origin}`).toString('base64url');
}

/** PostgreSQL's xid8 is not signed. */
const XID_MAX = 2n ** 64n - 1n;
const NUMBER_MAX = 2_147_483_647; // PostgreSQL's integer
const FORM = /^e(0|[1-9]\d{0,19})\.(0|[1-9]\d{0,9})\.(\d{1,20})$/;

/** Throws `invalid_cursor` for what `cursorOf` never made. */
export function placeOf(cursor: string): Cursor {
  const [, xid = '', number = '', origin = ''] = FORM.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const place = { xid: BigInt(xid), number: Number(number), origin };
  if (xid !== '' && place.xid <= XID_MAX && place.number <= NUMBER_MAX && cursorOf(place) === cursor) return place;
  throw new PlatformError(
    'invalid_cursor',
    'Take the cursor from `next_cursor`, from the `cursor` of an event, or from the `id` of a stream, as it stands; or leave it out.',
  );
}
