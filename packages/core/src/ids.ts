// Ids: sortable by time, prefixed by what they name, never digits only, never with a colon (BullMQ refuses both).
// A TypeID (prefix + UUIDv7 in base32), so that the UUID that some products' APIs want is in it, not in another column.
import { TypeID, typeid } from 'typeid-js';

export const ID_PREFIXES = {
  access: 'acc',
  action: 'act',
  audit: 'aud',
  credential: 'cred',
  database: 'db',
  delivery: 'del',
  endpoint: 'end',
  environment: 'env',
  event: 'evt',
  grant: 'grant',
  plan: 'plan',
  pool: 'pool',
  project: 'proj',
  server: 'srv',
  team: 'team',
} as const;

export type IdNoun = keyof typeof ID_PREFIXES;

/** A new id, later than every earlier one of this process: `db_01h455vb4pex5vsknk084sn02q`. */
export function newId(noun: IdNoun): string {
  return typeid(ID_PREFIXES[noun]).toString();
}

/** Whether `text` has the form of an id of this noun. Says nothing of whether the thing exists. */
export function isId(noun: IdNoun, text: string): boolean {
  const prefix = ID_PREFIXES[noun];
  return text.startsWith(prefix) && text[prefix.length] === '_' && SUFFIX.test(text.slice(prefix.length + 1));
}

/**
 * 128 bits in Crockford's base32, lower case (TypeID specification 0.3). Every id in a path is held against every noun in
 * turn, and typeid-js has no check that does not throw.
 */
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** The last five characters of an id: random, [0-9a-z], to tell two equal names on one server apart. */
export function idTail(id: string): string {
  return id.slice(-5);
}

/** The UUID in an id, which products show in its place: `01890a5d-ac96-774b-bcce-b302099a8057`. */
export function uuidOf(id: string): string {
  const hex = Buffer.from(TypeID.fromString(id).toUUIDBytes()).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The id of this noun with that UUID, of whatever version and in whatever case; null for what is no UUID. */
export function idOfUuid(noun: IdNoun, uuid: string): string | null {
  if (!UUID.test(uuid)) return null;
  return TypeID.fromUUIDBytes(ID_PREFIXES[noun], Buffer.from(uuid.replaceAll('-', ''), 'hex')).toString();
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
