// What a statement is called where it is traced: its first word and what it is about. Never the statement: it may hold a
// password, and holds names.

/** What our statements begin with. */
const WORDS =
  'ALTER|ANALYZE|BEGIN|CALL|CHECKPOINT|COMMENT|COMMIT|COPY|CREATE|DELETE|DO|DROP|EXPLAIN|GRANT|INSERT|KILL|LOCK|REASSIGN|RESET|REVOKE|ROLLBACK|SELECT|SET|SHOW|UPDATE|WITH|XA';
const THINGS =
  'DATABASE|DEFAULT PRIVILEGES|EXTENSION|FUNCTION|OWNED|PREPARED|PUBLICATION|ROLE|SCHEMA|SUBSCRIPTION|TABLE|USER';
const OPERATION = new RegExp(`^\\s*(${WORDS})\\b(?:\\s+(${THINGS})\\b)?`, 'i');

/** `ALTER ROLE`, `SELECT`; `other` for what begins otherwise. */
export function operationOf(sql: string): string {
  const [, word, thing] = OPERATION.exec(sql) ?? [];
  if (word === undefined) return 'other';
  return (thing === undefined ? word : `${word} ${thing}`).toUpperCase();
}
