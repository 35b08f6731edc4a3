// The evidence: an operator who asks whether a database is proven shut reads the same words on every engine.
import { idTail } from '@berth/core';
import { EVIDENCE } from '../evidence';
import { rulesOf } from '../rules';
import { type Ground, newPassword } from './ground';

const DETAILS = expect.any(Object);

/** Part of the suite. That each evidence has its fields, and no others, the ground sees to in every test (`held`). */
export function describeEvidence({ engine, session, makeTenant, newDatabase, newLogin, openTenant }: Ground): void {
  const { loginConnectionLimit, writersMakeTables } = rulesOf(engine.name).capabilities;
  const still_let_in = engine.name === 'mongodb' ? null : []; // roles that operators made are not looked into there

  describe('the evidence', () => {
    test('of shutting out, of what was shut already, and of the old password', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      const shutting = () => session().removeAccess({ database, logins: [login] });
      const shut = { locked: [login.name], shut: true, still_let_in, details: DETAILS };
      expect(await shutting()).toEqual({ ...shut, revoked: [login.name] });
      expect(await shutting()).toEqual({ ...shut, revoked: [] });
      const ended = { ended: 0, looks: [0, 0], details: DETAILS };
      expect(await session().endSessions({ database, logins: [login] })).toEqual(ended);
      expect(await session().ensurePassword(login, newPassword())).toEqual({ login: login.name });
      const refused = { refused: true, reason: 'password', code: expect.stringMatching(/^\w+$/), tried: true };
      expect(await session().proveRefused(database, login, password)).toEqual(refused);
      expect(await session().ensureLogin(login, password)).toEqual({ login: login.name, made: false });
      expect(await session().proveRefused(database, login, password)).toEqual({ ...refused, reason: 'privilege' });
      const nothing = { locked: [login.name], shut: null, revoked: [], still_let_in, details: {} };
      expect(await session().removeAccess({ logins: [login] })).toEqual(nothing);
    });

    test('of a login: what it may, tried in a table of its tenant where there is one', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      const entry = { login: login.name, lacks: null, details: DETAILS };
      const owner = { ...entry, role: 'owner', can_make: true, can_write: true, can_read: true, tried_on: null };
      expect(await session().proveLogin(database, login, password, 'owner')).toEqual(owner);
      await (await openTenant(tenant)).write('there');
      const granted = { database: database.name, login: login.name, ended: expect.any(Number), details: DETAILS };
      let before = 'owner';
      for (const role of ['readwrite', 'readonly'] as const) {
        expect(await session().ensureGrant(database, login, role)).toEqual({ ...granted, role, role_before: before });
        expect(await session().ensureGrant(database, login, role)).toMatchObject({ role_before: role, ended: 0 });
        const can = {
          can_make: role === 'readwrite' && writersMakeTables,
          can_write: role === 'readwrite',
          can_read: true,
          tried_on: writersMakeTables ? null : expect.stringMatching(/(^|\.)notes$/),
        };
        const evidence = { ...entry, role, ...can };
        expect(await session().proveLogin(database, login, password, role)).toEqual(evidence);
        expect(await session().proveEntry(database, login, password, role)).toEqual(evidence);
        before = role;
      }
      const { role: _, ...ungranted } = { ...granted, role: '' };
      expect(await session().removeGrant(database, login)).toEqual({ ...ungranted, role_before: 'readonly' });
      expect(await session().removeGrant(database, login)).toEqual({ ...ungranted, role_before: null, ended: 0 });
      expect(await session().ensureGrant(database, login, 'owner')).toMatchObject({ role_before: null });
    });

    test('of a limit, of isolation, and of what is dropped or was never there', async () => {
      const { database, login, password } = await makeTenant();
      const limit = { login: login.name, connections_max: loginConnectionLimit ? 7 : null };
      expect(await session().ensureLoginLimit(login, 7)).toEqual(limit);
      const { refused, ...isolation } = await session().proveIsolation(login, password);
      expect(refused[0]).toBe('berth_canary: privilege');
      expect(refused.length).toBeGreaterThan(1);
      expect(isolation).toEqual({ not_tried: [], left_open: [], details: DETAILS });
      const dropped = { found: 'ours', dropped: true, ended: 0, details: DETAILS };
      const absent = { found: 'free', dropped: false, ended: 0, details: {} };
      expect(await session().removeDatabase(database)).toEqual({ ...dropped, revoked: [login.name], left: [] });
      expect(await session().removeDatabase(newDatabase())).toEqual({ ...absent, revoked: [], left: [] });
      const other = newDatabase(); // whoever reads of the login's end may not know of it
      await session().ensureDatabase(other);
      await session().ensureGrant(other, login, 'owner');
      const removed = await session().removeLogin(login);
      expect(removed).toEqual({ ...dropped, looks: [0, 0] });
      expect(JSON.stringify(removed)).not.toContain(idTail(other.id));
      expect(await session().removeLogin(newLogin())).toEqual({ ...absent, looks: [] });
      expect(await session().ensureServerPrepared()).toMatchObject({ shut: [], canary_made: false });
    });
  });
}

/** Comes last, after all parts: none of the shapes is one that nobody looked at. */
export function describeDeeds({ seen }: Ground): void {
  test('the evidence of every deed was held against its shape', () => {
    expect([...seen].sort()).toEqual(Object.keys(EVIDENCE).sort());
  });
}
