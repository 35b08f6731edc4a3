// What in PostgreSQL's statements belongs to one create alone; and the connections that other creates do not have.
import type { HeardMove, Opening, TapeWords } from '../tape';

export const postgresqlWords: TapeWords = {
  spellings: (name) => [name],
  hashed: /(?<=^|\s)(?:[0-9a-f]{32}|-?\d{15,19})(?=$|\s)/g,
  differing: [
    [/NAME_[0-9a-z]{5}_(owner|writer|reader)/g, 'GROUP_$1'],
    [/(db|cred)_[0-9a-z]{26}/g, 'ID'],
    [/[0-9a-f]{32}/g, 'HASH'],
    [/-?\d{15,19}/g, 'NUMBER'],
    [/(?<=")\d{5,10}(?=\\?")/g, 'OID'], // of a role, as the value of a parameter
    [/SCRAM-SHA-256\$[^'"]*/g, 'VERIFIER'],
  ],
};

/**
 * The connections by which Berth asks who is in the way of a statement that takes longer than usual
 * (packages/engines/src/postgresql/past-blockers.ts). A busy disk calls for one now and then, and another create has none, so
 * they are no part of what a create sends: without them the bare statements are fewer, never more.
 */
export function watchersIn(moves: HeardMove[]): Set<number> {
  const openings = moves.flatMap((move) => (move.kind === 'open' && isOfAdmin(move) ? [move.session] : []));
  return new Set(
    openings.filter((session) => {
      const [first] = moves.flatMap((move) => (move.kind === 'query' && move.session === session ? [move.sql] : []));
      return first === undefined || first.includes('pg_blocking_pids('); // or its statement was done before it could ask
    }),
  );
}

function isOfAdmin({ refusal, startup }: Pick<Opening, 'refusal' | 'startup'>): boolean {
  const isOurs = /^berth [0-9a-f]{32}$/.test(startup.application_name ?? '');
  return refusal === null && isOurs && startup.database === 'postgres';
}
