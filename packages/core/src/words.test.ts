// The words of core are the words that the store takes: each list is the CHECK of its column, as the migrations left it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCESS_KINDS, SCOPES } from './access';
import { ACTION_KINDS, ACTION_STATES, STEP_STATES } from './action';
import { CREDENTIAL_STATES, ROLES } from './credential';
import { DATABASE_STATES, OWNER_LOGINS } from './database';
import { ENGINES } from './engine';
import { SERVER_STATES, TLS_MODES } from './server';

const MIGRATIONS = join(__dirname, '../../../prisma/migrations');

const sql = readdirSync(MIGRATIONS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()
  .map((name) => readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8'))
  .join('\n');

/** The words of a constraint in its newest form; empty when there is none of that name. */
function wordsOf(constraint: string): string[] {
  const newest = sql.split(`CONSTRAINT "${constraint}" CHECK (`).at(-1) ?? '';
  const body = sql.includes(constraint) ? newest.slice(0, newest.search(/\)[,;\n]/)) : '';
  return [...body.matchAll(/'([^']+)'/g)].map(([, word]) => String(word));
}

test.each<[string, readonly string[]]>([
  ['accesses_kind_known', ACCESS_KINDS],
  ['accesses_scopes_known', SCOPES],
  ['actions_kind_known', ACTION_KINDS],
  ['actions_state_known', ACTION_STATES],
  ['credentials_state_known', CREDENTIAL_STATES],
  ['databases_state_known', DATABASE_STATES],
  ['databases_owner_login_known', OWNER_LOGINS],
  ['grants_role_known', ROLES],
  ['grants_pending_role_known', ROLES],
  ['servers_state_known', SERVER_STATES],
  ['servers_tls_known', TLS_MODES],
  ['actions_engine_known', ENGINES],
  ['plans_engine_known', ENGINES],
  ['pools_engine_known', ENGINES],
])('%s takes what core knows, and nothing else', (constraint, words) => {
  expect(wordsOf(constraint).sort()).toEqual([...words].sort());
});

test('a step is written when it has ended, in one of the states of an end', () => {
  expect(wordsOf('steps_state_known')).toEqual(
    STEP_STATES.filter((state) => state !== 'waiting' && state !== 'running'),
  );
});
