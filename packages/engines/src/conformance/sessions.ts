// A session outlives its login: its password, its lock, its grants, even the login itself. Ending is an act of its own.
import type { DatabaseRef, LoginRef } from '../contract';
import { rulesOf } from '../rules';
import { type Ground, newPassword, refusalOf, type Tenant, type TenantSession } from './ground';

/** Part of the suite: that sessions end when they are ended, all of them and nobody else's. */
export function describeSessions(ground: Ground): void {
  const { session, server, engine, newLogin, newDatabase, makeTenant, openTenant } = ground;
  const { sessionsKeepRights } = rulesOf(engine.name).capabilities;

  describe('sessions', () => {
    const until = sessionsKeepRights
      ? 'writes on after password, lock and grants are gone, until it is ended'
      : 'writes no more once its grants are gone';
    test(`an open session ${until}`, async () => {
      const tenant = await makeTenant();
      const { database, login } = tenant;
      const inside = await openTenant(tenant);
      await inside.write('before');
      await session().ensurePassword(login, newPassword());
      await inside.write('after a new password');
      await session().removeAccess({ database, logins: [login] });
      // if this is refused where sessions keep their rights, ending them has become unnecessary: rejoice
      if (sessionsKeepRights) await inside.write('after all that');
      else await expect(inside.write('never')).rejects.toThrow();
      const { ended, looks } = await session().endSessions({ database, logins: [login] });
      expect(ended).toBe(sessionsKeepRights ? 1 : 0);
      expect(looks.slice(-2)).toEqual([0, 0]);
      await expect(inside.write('never')).rejects.toThrow();
    });

    test('two empty looks are 250 ms apart', async () => {
      const started = performance.now();
      const { ended, looks } = await session().endSessions({ logins: [newLogin()] });
      expect(performance.now() - started).toBeGreaterThanOrEqual(249);
      expect([ended, looks]).toEqual([0, [0, 0]]);
    });

    test('the sessions of a login end in whatever database they are', async () => {
      const tenant = await makeTenant();
      const other = newDatabase();
      await session().ensureDatabase(other);
      await session().ensureGrant(other, tenant.login, 'owner');
      const elsewhere = await openTenant({ ...tenant, database: other });
      const target = { database: tenant.database, logins: [tenant.login] };
      if (!sessionsKeepRights) await demandShutFirst(target);
      await session().endSessions(target);
      await expect(elsewhere.write('never')).rejects.toThrow();
    });

    test('a session that was ended stays so when its login is let in again', async () => {
      const tenant = await makeTenant();
      const { login, password } = tenant;
      const before = await openTenant(tenant);
      await session().removeAccess({ logins: [login] });
      await session().endSessions({ logins: [login] });
      await session().ensurePassword(login, password);
      await session().ensureLogin(login, password);
      await session().proveEntry(tenant.database, login, password, 'owner');
      await expect(before.write('never')).rejects.toThrow();
      await (await openTenant(tenant)).write('let in again');
    });

    test('the sessions of a database end whoever they are, and nobody else loses his', async () => {
      const [tenant, neighbour] = [await makeTenant(), await makeTenant()];
      const second = { ...tenant, login: newLogin(), password: newPassword() };
      await session().ensureLogin(second.login, second.password);
      await session().ensureGrant(second.database, second.login, 'owner');
      const [inside, beside, next] = [await openTenant(tenant), await openTenant(second), await openTenant(neighbour)];
      const target = { database: tenant.database, logins: [] };
      if (!sessionsKeepRights) await demandShutFirst(target);
      const { ended } = await session().endSessions(target);
      expect(ended).toBe(sessionsKeepRights ? 2 : 0);
      for (const gone of [inside, beside]) await expect(gone.write('never')).rejects.toThrow();
      await next.write('undisturbed');
    });

    test('a client that comes back is not called gone while it can log in, and is once it cannot', async () => {
      const tenant = await makeTenant();
      const client = keepReturning(tenant);
      await client.seen();
      expect(await refusalOf(session().endSessions({ logins: [tenant.login] }))).toBe('sessions_remain');
      await session().removeAccess({ logins: [tenant.login] });
      const { looks } = await session().endSessions({ logins: [tenant.login] });
      expect(looks.slice(-2)).toEqual([0, 0]);
      await client.stop();
    });

    test('a client that comes back to its other database keeps nobody waiting', async () => {
      const [tenant, other] = [await makeTenant(), newDatabase()];
      await session().ensureDatabase(other);
      await session().ensureGrant(other, tenant.login, 'owner');
      await (await openTenant(tenant)).write('kept');
      const elsewhere = { ...tenant, database: other };
      await (await openTenant(elsewhere)).write('read over and over');
      const client = keepReturning(elsewhere);
      await client.seen();
      const target = { database: tenant.database, logins: [] };
      await session().removeAccess(target);
      const { looks } = await session().endSessions(target);
      expect(looks.slice(-2)).toEqual([0, 0]);
      await session().ensureDatabase(tenant.database);
      await session().ensureGrant(tenant.database, tenant.login, 'owner');
      await session().removeGrant(tenant.database, tenant.login);
      await session().removeDatabase(tenant.database);
      await client.stop();
    });

    test('a client that comes back to what it has left keeps nobody waiting when its role becomes less', async () => {
      const tenant = await makeTenant();
      await (await openTenant(tenant)).write('read over and over');
      const client = keepReturning(tenant);
      await client.seen();
      await session().ensureGrant(tenant.database, tenant.login, 'readonly');
      await session().proveLogin(tenant.database, tenant.login, tenant.password, 'readonly');
      await client.stop();
    });

    test('removing a login ends its sessions', async () => {
      const tenant = await makeTenant();
      const inside = await openTenant(tenant);
      await session().removeLogin(tenant.login);
      await expect(inside.write('never')).rejects.toThrow();
    });

    test('removing a database beats a client that keeps coming back', async () => {
      const tenant = await makeTenant();
      const client = keepReturning(tenant);
      await client.seen();
      await session().removeDatabase(tenant.database);
      expect(await server().hasDatabase(tenant.database.name)).toBe(false);
      await client.stop();
    });
  });

  /** Where open sessions cannot be ended while they have rights: they are not called gone, and then they are shut out. */
  async function demandShutFirst(target: { database: DatabaseRef; logins: LoginRef[] }) {
    expect(await refusalOf(session().endSessions(target))).toBe('sessions_remain');
    await session().removeAccess(target);
  }

  /** A pool as applications have them: whenever its session is gone it opens another. */
  function keepReturning({ database, login, password }: Tenant) {
    let stopped = false;
    let seen: () => void = () => undefined;
    const firstSeen = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const readOn = async (inside: TenantSession) => {
      try {
        while (!stopped) await inside.read();
      } catch (error) {
        if (!sessionsKeepRights) await inside.close(); // it was not ended, and is still there
        throw error;
      }
      await inside.close();
    };
    const life = (async () => {
      while (!stopped) {
        try {
          const inside = await server().openTenant(database.name, login.name, password);
          seen();
          await readOn(inside);
        } catch {
          await new Promise(setImmediate); // refused or ended; the next round tries again
        }
      }
    })();
    return {
      seen: () => firstSeen,
      stop: async () => {
        stopped = true;
        await life;
      },
    };
  }
}
