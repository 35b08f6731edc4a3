// Roles: what an owner, a writer and a reader may do, how one becomes another, and how one login leaves one database.
import { ROLES, type Role } from '@berth/core';
import { rulesOf } from '../rules';
import { type Ground, newPassword, refusalOf, type Tenant } from './ground';

/** Part of the suite: roles of logins, grants taken away one by one, and the limit of a login. */
export function describeRoles({ session, engine, newDatabase, newLogin, makeTenant, openTenant }: Ground): void {
  const { databaseConnectionLimit, loginConnectionLimit, sessionsReachOthers, sessionsKeepRights, writersMakeTables } =
    rulesOf(engine.name).capabilities;
  const endsElsewhere = sessionsKeepRights && sessionsReachOthers;

  /** One more login of the tenant's database. */
  async function makeOther({ database }: Tenant, role: Role): Promise<Tenant> {
    const other = { database, login: newLogin(), password: newPassword() };
    await session().ensureLogin(other.login, other.password);
    await session().ensureGrant(database, other.login, role);
    return other;
  }

  const prove = ({ database, login, password }: Tenant, role: Role) =>
    session().proveLogin(database, login, password, role);

  describe('roles', () => {
    test('each is given, twice, and proven; none is taken for another', async () => {
      const owner = await makeTenant();
      await (await openTenant(owner)).write('there');
      for (const role of ROLES) {
        const other = await makeOther(owner, role);
        await session().ensureGrant(owner.database, other.login, role);
        await prove(other, role);
        for (const wrong of ROLES.filter((each) => each !== role)) {
          expect([role, wrong, await refusalOf(prove(other, wrong))]).toEqual([role, wrong, 'login_check_failed']);
        }
        await session().proveIsolation(other.login, other.password);
      }
    });

    const makes = writersMakeTables ? 'makes more by writing to it' : 'makes nothing itself';
    test(`a writer writes to what owners made before and after, and ${makes}`, async () => {
      const owner = await makeTenant();
      const made = await openTenant(owner);
      await made.write('by the owner');
      const writer = await openTenant(await makeOther(owner, 'readwrite'));
      await made.write('later', 'later');
      for (const table of ['notes', 'later']) await writer.insert('by the writer', table);
      expect(await made.read()).toEqual(['by the owner', 'by the writer']);
      expect(await writer.read('later')).toEqual(['later', 'by the writer']);
      if (writersMakeTables) await writer.write('as the engine has it', 'own');
      else await expect(writer.write('no', 'own')).rejects.toThrow();
    });

    test('a reader reads what every owner made before and makes later, and writes nothing', async () => {
      const first = await makeTenant();
      await (await openTenant(first)).write('before');
      const reader = await makeOther(first, 'readonly');
      const second = await makeOther(first, 'owner');
      await (await openTenant(first)).write('by the first', 'first');
      await (await openTenant(second)).write('by the second', 'second');
      const inside = await openTenant(reader);
      expect(await inside.read()).toEqual(['before']);
      expect([await inside.read('first'), await inside.read('second')]).toEqual([['by the first'], ['by the second']]);
      for (const table of ['notes', 'first', 'second']) await expect(inside.insert('no', table)).rejects.toThrow();
      await expect(inside.write('no', 'own')).rejects.toThrow();
      await prove(reader, 'readonly');
    });

    test('an owner made a reader loses its open sessions and may only read, what it made included', async () => {
      const tenant = await makeTenant();
      const before = await openTenant(tenant);
      await before.write('as an owner');
      await session().ensureGrant(tenant.database, tenant.login, 'readonly');
      await expect(before.insert('no')).rejects.toThrow();
      await prove(tenant, 'readonly');
      const inside = await openTenant(tenant);
      expect(await inside.read()).toEqual(['as an owner']);
      await expect(inside.insert('no')).rejects.toThrow();
    });

    test('a role is raised in place, step by step', async () => {
      const owner = await makeTenant();
      await (await openTenant(owner)).write('there');
      const other = await makeOther(owner, 'readonly');
      for (const role of ['readwrite', 'owner'] as const) {
        await session().ensureGrant(owner.database, other.login, role);
        await prove(other, role);
      }
      expect(await (await openTenant(other)).read()).toEqual(['there']);
    });

    test('access taken from a database shuts every role, and each given back is what it was', async () => {
      const owner = await makeTenant();
      await (await openTenant(owner)).write('kept');
      const others = [
        ['readwrite', await makeOther(owner, 'readwrite')],
        ['readonly', await makeOther(owner, 'readonly')],
      ] as const;
      await session().removeAccess({ database: owner.database, logins: [] });
      for (const { login, password } of [owner, ...others.map(([, other]) => other)]) {
        await session().proveRefused(owner.database, login, password);
      }
      await session().ensureDatabase(owner.database);
      for (const [role, other] of others) {
        await session().ensureGrant(owner.database, other.login, role);
        await prove(other, role);
        expect(await (await openTenant(other)).read()).toEqual(['kept']);
      }
    });
  });

  describe('a grant taken away', () => {
    const elsewhereToo = endsElsewhere ? ', and all others of its own,' : '';
    test.each(ROLES)(
      `%s: ends its sessions there${elsewhereToo} and touches neither its other database nor anybody else`,
      async (role) => {
        const [one, other] = [await makeTenant(), newDatabase()];
        await session().ensureDatabase(other);
        await session().ensureGrant(other, one.login, role);
        const elsewhere = { ...one, database: other };
        const [stays, leaves] = [await openTenant(one), await openTenant(elsewhere)];
        await stays.write('before');
        await session().removeGrant(other, one.login);
        await session().removeGrant(other, one.login);
        await expect(leaves.read()).rejects.toThrow();
        await session().proveRefused(other, one.login, one.password);
        if (endsElsewhere) await expect(stays.read()).rejects.toThrow();
        const inside = endsElsewhere ? await openTenant(one) : stays;
        await inside.write('undisturbed');
        await prove(one, 'owner');
      },
    );

    test('is given again, as another role', async () => {
      const tenant = await makeTenant();
      await (await openTenant(tenant)).write('kept');
      await session().removeGrant(tenant.database, tenant.login);
      await session().ensureGrant(tenant.database, tenant.login, 'readonly');
      await prove(tenant, 'readonly');
      expect(await (await openTenant(tenant)).read()).toEqual(['kept']);
    });

    test('from what is not there is success', async () => {
      const tenant = await makeTenant();
      await session().removeGrant(newDatabase(), tenant.login);
      await session().removeGrant(tenant.database, newLogin());
      await prove(tenant, 'owner');
    });
  });

  const ofAll = databaseConnectionLimit
    ? 'counts the connections of all its logins'
    : 'is none: that of each login holds';
  test(`a database's limit ${ofAll}`, async () => {
    const one = await makeTenant();
    const other = await makeOther(one, 'owner');
    await session().ensureDatabase({ ...one.database, connectionsMax: 1 });
    await (await openTenant(one)).write('in');
    const second = openTenant(other);
    if (databaseConnectionLimit) await expect(second).rejects.toThrow();
    else await (await second).write('in as well');
  });

  describe("a login's limit", () => {
    const whatComesOfIt = loginConnectionLimit
      ? 'counts its connections in all its databases, and is set again'
      : 'is heard, and the evidence says that the engine has none';
    test(whatComesOfIt, loginConnectionLimit ? isCounted : isHeard);

    async function isHeard() {
      const tenant = await makeTenant();
      const { login, password } = tenant;
      await session().ensureLogin({ ...login, connectionsMax: 1 }, password);
      expect(await session().ensureLoginLimit(login, 1)).toEqual({ login: login.name, connections_max: null });
      for (let sessions = 0; sessions < 2; sessions++) await (await openTenant(tenant)).write('in');
      expect(await refusalOf(session().ensureLoginLimit(newLogin(), 2))).toBe('engine_refused');
    }

    async function isCounted() {
      const tenant = await makeTenant();
      const { login, password } = tenant;
      await session().ensureLogin({ ...login, connectionsMax: 1 }, password);
      const inside = await openTenant(tenant);
      await expect(openTenant(tenant)).rejects.toThrow();
      await session().ensureLogin(login, password); // says nothing of the limit, so it stays
      await expect(openTenant(tenant)).rejects.toThrow();
      await session().ensureLoginLimit(login, 2);
      await session().ensureLoginLimit(login, 2);
      await (await openTenant(tenant)).write('a second one');
      await expect(openTenant(tenant)).rejects.toThrow();
      await inside.close();
      expect(await refusalOf(session().ensureLoginLimit(newLogin(), 2))).toBe('engine_refused');
    }
  });
}
