// Every sealed text of the store, whatever it belongs to: which keys they are under, and the same secret under another.
// The noun's own file says what the secret is; here it stays what it was.
import type { Db } from './db';
import { Prisma } from './generated/client';

/** A column with sealed texts. A test compares the list with the schema. */
export type SealedPlace =
  | 'accesses.secret_sealed'
  | 'credentials.pending_secret_sealed'
  | 'credentials.secret_sealed'
  | 'endpoints.secret_sealed'
  | 'idempotency_keys.answer_sealed'
  | 'servers.admin_sealed';

/** A key that sealed something in a place; an empty `keyId` stands for texts that are no envelope. */
export interface KeyInUse {
  place: SealedPlace;
  keyId: string;
}

/** A sealed text and the values of the row's primary key. */
export interface SealedRow {
  id: string[];
  sealed: string;
}

/** The same secret, sealed anew: `sealed` is what was read, `anew` what it shall be. */
export type ResealedRow = SealedRow & { anew: string };

/** The primary key of each place, and which of its rows can still be asked for their secret. */
const PLACES: Record<SealedPlace, { key: string[]; living: string }> = {
  'accesses.secret_sealed': { key: ['id'], living: 'revoked_at IS NULL' },
  'credentials.pending_secret_sealed': { key: ['id'], living: 'true' },
  'credentials.secret_sealed': { key: ['id'], living: 'true' }, // a deleted one keeps none
  'endpoints.secret_sealed': { key: ['id'], living: 'true' },
  'idempotency_keys.answer_sealed': { key: ['access_id', 'key'], living: 'true' },
  'servers.admin_sealed': { key: ['id'], living: 'deleted_at IS NULL' },
};

export const SEALED_PLACES = Object.keys(PLACES).filter(isPlace);

export function sealedOf(db: Db) {
  return {
    /**
     * Which keys sealed what of the living rows. It jumps from key to key along an index where the table may be large:
     * 1 ms among 100,000 credentials.
     */
    listKeys: (): Promise<KeyInUse[]> => db.$queryRaw`${Prisma.join(SEALED_PLACES.map(keysOf), ' UNION ALL ')}`,

    /** Living rows of a place that are sealed with this key, in the order of their primary key, from after `after`. */
    list(place: SealedPlace, keyId: string, after: string[] | null, limit: number): Promise<SealedRow[]> {
      const { key, sealed, table, living } = partsOf(place);
      const from = Prisma.join(after ?? key.map(() => ''));
      return db.$queryRaw`
        SELECT ARRAY[${Prisma.join(key)}] AS id, ${sealed} AS sealed FROM ${table}
        WHERE split_part(${sealed}, '.', 2) = ${keyId} AND ${sealed} IS NOT NULL AND ${living}
          AND (${Prisma.join(key)}) > (${from}) ORDER BY ${Prisma.join(key)} LIMIT ${limit}`;
    },

    /**
     * Puts the new texts in place of those that were read; returns how many. A row that has another text by now keeps it,
     * and one that somebody holds at this moment is passed over: nobody is waited for. Safe to repeat and to race.
     */
    async replace(place: SealedPlace, rows: ResealedRow[]): Promise<number> {
      const { key, sealed, table } = partsOf(place);
      const lists = [...key.map((_, part) => rows.map((row) => row.id[part] ?? '')), rows.map((row) => row.sealed)];
      const columns = Prisma.join([...lists, rows.map((row) => row.anew)].map((list) => Prisma.sql`${list}::text[]`));
      const ids = key.map((_, part) => nameOf(`id_${part}`));
      const same = Prisma.join(
        key.map((name, part) => Prisma.sql`place.${name} = wish.${ids[part] ?? Prisma.empty}`),
        ' AND ',
      );
      const [told] = await db.$queryRaw<{ count: number }[]>`
        WITH wish AS (
          SELECT * FROM unnest(${columns}) AS wish(${Prisma.join(ids)}, old, anew)
        ), free AS (
          SELECT wish.* FROM ${table} place JOIN wish ON ${same} WHERE place.${sealed} = wish.old
          FOR NO KEY UPDATE OF place SKIP LOCKED
        ), changed AS (
          UPDATE ${table} place SET ${sealed} = wish.anew FROM free wish WHERE ${same} AND place.${sealed} = wish.old
          RETURNING 1
        )
        SELECT count(*)::int AS count FROM changed`;
      return told?.count ?? 0;
    },
  };
}

/** The keys of one place: the first, then again and again the next one after it. */
function keysOf(place: SealedPlace): Prisma.Sql {
  const { sealed, table, living } = partsOf(place);
  const next = (above: Prisma.Sql) => Prisma.sql`
    SELECT split_part(${sealed}, '.', 2) AS id FROM ${table} WHERE ${sealed} IS NOT NULL AND ${living} ${above}
    ORDER BY 1 LIMIT 1`;
  return Prisma.sql`(
    WITH RECURSIVE key AS (
      (${next(Prisma.empty)})
      UNION ALL SELECT (${next(Prisma.sql`AND split_part(${sealed}, '.', 2) > key.id`)}) FROM key WHERE key.id IS NOT NULL
    )
    SELECT ${place} AS place, id AS "keyId" FROM key WHERE id IS NOT NULL)`;
}

function partsOf(place: SealedPlace) {
  const [table = '', column = ''] = place.split('.');
  const { key, living } = PLACES[place];
  return { table: nameOf(table), sealed: nameOf(column), key: key.map(nameOf), living: Prisma.raw(living) };
}

function nameOf(text: string): Prisma.Sql {
  return Prisma.raw(text);
}

function isPlace(text: string): text is SealedPlace {
  return Object.hasOwn(PLACES, text);
}
