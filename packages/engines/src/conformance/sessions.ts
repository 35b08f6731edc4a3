// A session outlives its login: its password, its lock, its grants, even the login itself. Ending is an act of its own.
import type { Evidence } from '../contract';
import { type Ground, newPassword, refusalOf, type Tenant } from './ground';

/** Part of the suite: that sessions end when they are ended, all of them and nobody else's. */
export function describeSessions({ session, server, newLogin, newDatabase, makeTenant, openTenant }: Ground): void {
  describe('sessions', () => {
    test('an open session writes on after password, lock and grants are gone, until it is ended', async () => {
      const tenant = await makeTenant();
      const { database, login } = tenant;
      const inside = await openTenant(tenant);
      await inside.write('before');
      await session().ensurePassword(login, newPassword());
      await session().removeAccess({ database, logins: [login] });
      await inside.write('after all that'); // if this is refused, ending sessions has become unnecessary: rejoice
      const { ended, looks } = readEvidence(await session().endSessions({ database, logins: [login] }));
      expect(ended).toBe(1);
      expect(looks.slice(-2)).toEqual([0, 0]);
      await expect(inside.write('never')).rejects.toThrow();
    });

    test('two empty looks are 250 ms apart', async () => {
      const started = performance.now();
      const { ended, looks } = readEvidence(await session().endSessions({ logins: [newLogin()] }));
      expect(performance.now() - started).toBeGreaterThanOrEqual(249);
      expect([ended, looks]).toEqual([0, [0, 0]]);
    });

    test('the sessions of a login end in whatever database they are', async () => {
      const tenant = await makeTenant();
      const other = newDatabase();
      await session().ensureDatabase(other);
      await session().ensureGrant(other, tenant.login, 'owner');
      const elsewhere = await openTenant({ ...tenant, database: other });
      await session().endSessions({ database: tenant.database, logins: [tenant.login] });
      await expect(elsewhere.write('never')).rejects.toThrow();
    });

    test('the sessions of a database end whoever they are, and nobody else loses his', async () => {
      const [tenant, neighbour] = [await makeTenant(), await makeTenant()];
      const second = { ...tenant, login: newLogin(), password: newPassword() };
      await session().ensureLogin(second.login, second.password);
      await session().ensureGrant(second.database, second.login, 'owner');
      const [inside, beside, next] = [await openTenant(tenant), await openTenant(second), await openTenant(neighbour)];
      const { ended } = readEvidence(await session().endSessions({ database: tenant.database, logins: [] }));
      expect(ended).toBe(2);
      for (const gone of [inside, beside]) await expect(gone.write('never')).rejects.toThrow();
      await next.write('undisturbed');
    });

    test('a client that comes back is not called gone while it can log in, and is once it cannot', async () => {
      const tenant = await makeTenant();
      const client = keepReturning(tenant);
      await client.seen();
      expect(await refusalOf(session().endSessions({ logins: [tenant.login] }))).toBe('sessions_remain');
      await session().removeAccess({ logins: [tenant.login] });
      const { looks } = readEvidence(await session().endSessions({ logins: [tenant.login] }));
      expect(looks.slice(-2)).toEqual([0, 0]);
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

  /** A pool as applications have them: whenever its session is gone it opens another. */
  function keepReturning({ database, login, password }: Tenant) {
    let stopped = false;
    let seen: () => void = () => undefined;
    const firstSeen = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const life = (async () => {
      while (!stopped) {
        try {
          const inside = await server().openTenant(database.name, login.name, password);
          seen();
          while (!stopped) await inside.read();
          await inside.close();
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

function readEvidence({ ended, looks }: Evidence): { ended: number; looks: number[] } {
  const seen = Array.isArray(looks) ? looks.map(Number) : [];
  return { ended: Number(ended), looks: seen };
}
