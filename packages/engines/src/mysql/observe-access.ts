// Who may enter what, by the server's own tables. Grants on single tables and routines inside are its owners'.
import { ROLES } from '@berth/core';
import type { SeenAccess, SeenDoor, SeenGrant, SeenLogin } from '../contract';
import { type Admin, keptName } from './admin';
import { type DatabaseGrant, describeAccount, listDatabaseGrants } from './grants';
import { CANARY, STORE, SYSTEM_DATABASES } from './names';
import { isRole } from './privileges';
import { ANY_HOST, quoteText, unescapePattern } from './quote';
import { listThings } from './store';

const OWN = [...SYSTEM_DATABASES, STORE, CANARY];
const OWN_TEXTS = OWN.map(quoteText).join(', ');
/** Accounts that the servers make for themselves; nobody logs in to them. */
const OWN_ACCOUNTS = ['mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys'].map(quoteText).join(', ');

/** As EngineSession.observeAccess promises. A login is an account for any host; others are named with their hosts. */
export async function observeAccess(admin: Admin): Promise<SeenAccess> {
  const given = await listDatabaseGrants(admin, 'TRUE');
  return {
    databases: await listDoors(admin, given),
    logins: await listLogins(admin),
    grants: await listGrants(admin, given),
  };
}

/** These servers have no lock for a database: Berth writes down which it shut, and whoever has a grant may enter. */
async function listDoors(admin: Admin, given: DatabaseGrant[]): Promise<SeenDoor[]> {
  const schemata = await admin.main.query<{ name: string }>(
    `SELECT schema_name AS name FROM information_schema.schemata WHERE LOWER(schema_name) NOT IN (${OWN_TEXTS}) ORDER BY 1`,
  );
  const things = await listThings(admin, 'database');
  const named = new Set(given.map(({ pattern }) => keptName(admin, unescapePattern(pattern))));
  const open = new Set(given.filter(isEverybody).map(({ pattern }) => keptName(admin, unescapePattern(pattern))));
  return schemata.map(({ name }) => {
    const thing = things.get(keptName(admin, name));
    const id = thing === undefined || thing.state === 'making' ? null : thing.id;
    const key = keptName(admin, name);
    return { name, id, isOpen: named.has(key), isShut: thing?.state === 'shut', isPublic: open.has(key) };
  });
}

function isEverybody({ user, host }: DatabaseGrant): boolean {
  return user === '' || (user === 'PUBLIC' && host === '');
}

interface AccountRow {
  user: string;
  host: string;
  locked: string | number | null;
}

async function listLogins(admin: Admin): Promise<SeenLogin[]> {
  const locked = admin.isMariaDb
    ? "SELECT User AS user, Host AS host, JSON_VALUE(Priv, '$.account_locked') AS locked FROM mysql.global_priv"
    : 'SELECT User AS user, Host AS host, account_locked AS locked FROM mysql.user';
  const accounts = await admin.main.query<AccountRow>(
    `${locked} WHERE Host <> '' AND User NOT IN (${OWN_ACCOUNTS}) AND CONCAT(User, '@', Host) <> CURRENT_USER() ORDER BY 1, 2`,
  );
  const things = await listThings(admin, 'login');
  const powers = await listPowers(admin);
  return accounts.map((account) => {
    const thing = account.host === ANY_HOST ? things.get(account.user) : undefined;
    return {
      name: nameOf(account),
      id: thing === undefined || thing.state === 'making' ? null : thing.id,
      isLocked: ['1', 'true', 'Y'].includes(String(account.locked)),
      powers: powers.get(nameOf(account)) ?? [],
    };
  });
}

function nameOf(account: { user: string; host: string }): string {
  return account.host === ANY_HOST ? account.user : describeAccount(account);
}

/** Rights on the whole server, and roles. */
async function listPowers(admin: Admin): Promise<Map<string, string[]>> {
  const roles = admin.isMariaDb
    ? "SELECT User AS user, Host AS host, CONCAT('member of ', Role) AS power FROM mysql.roles_mapping"
    : "SELECT TO_USER AS user, TO_HOST AS host, CONCAT('member of ', FROM_USER) AS power FROM mysql.role_edges";
  const rows = await admin.main.query<{ user: string; host: string; power: string }>(
    `SELECT a.User AS user, a.Host AS host, p.privilege_type AS power FROM mysql.user a
       JOIN information_schema.user_privileges p ON p.grantee = CONCAT('''', a.User, '''@''', a.Host, '''')
      WHERE p.privilege_type <> 'USAGE' UNION ALL ${roles} ORDER BY 1, 2, 3`,
  );
  const powers = new Map<string, string[]>();
  for (const row of rows) powers.set(nameOf(row), [...(powers.get(nameOf(row)) ?? []), row.power]);
  return powers;
}

/** One for each login and database; of a login of ours those on patterns too, which it was never given by Berth. */
async function listGrants(admin: Admin, given: DatabaseGrant[]): Promise<SeenGrant[]> {
  const grants = new Map<string, SeenGrant>();
  for (const grant of given.filter((each) => !isEverybody(each))) {
    const [login, database] = [nameOf(grant), unescapePattern(grant.pattern)];
    if (OWN.includes(database.toLowerCase())) continue;
    const key = JSON.stringify([login, keptName(admin, database)]);
    const had = grants.get(key)?.beyond ?? [];
    grants.set(key, { login, database, roles: [], beyond: [...new Set([...had, ...grant.privileges])] });
  }
  return [...grants.values()].map((grant) => {
    const role = ROLES.find((each) => isRole(each, grant.beyond));
    return role === undefined ? grant : { ...grant, roles: [role], beyond: [] };
  });
}
