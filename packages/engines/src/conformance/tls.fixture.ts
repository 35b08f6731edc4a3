// The part of the suite that needs a server of its own: one that demands TLS, whatever certificate it presents. That nothing of
// a login is sent to a server that cannot prove itself is seen on the wire.
import { connect } from 'node:net';
import { inspect } from 'node:util';
import { idTail, newId } from '@berth/core';
import { makeTestCa, type TestCa } from '@berth/testing/certificates';
import type { TlsServer } from '@berth/testing/tls-servers';
import type { Engine, EngineSession, ServerAdmin } from '../contract';
import { newPassword, refusalOf } from './ground';
import { listen } from './server';

/** What is each engine's own. */
export interface TlsGround {
  /** Opens a server that presents this, for `localhost`. */
  openServer(first: { key: string; cert: string }): Promise<TlsServer>;
  /** The admin's login and place, out of the server's URL. */
  adminOf(url: string): ServerAdmin;
  /** Asks the server itself by which cipher a connection of the engine's is encrypted; null where it cannot be asked. */
  cipherOf: ((admin: ServerAdmin) => Promise<string>) | null;
  /** Whether a certificate can be verified against an IP address; where not, nothing is sent to one. */
  verifiesAddresses: boolean;
  /** What becomes of a connection that asks for no TLS, and a word that is then read on the way. */
  withoutTls: { code: string; message: RegExp; heard: string };
}

const NAME = 'the CA of the servers';
const PLENTY = { leftMs: () => 20_000 };

/** Registers it with Jest. */
export function describeTls(
  engine: Engine,
  { openServer, adminOf, cipherOf, verifiesAddresses, withoutTls }: TlsGround,
): void {
  const opened: { close(): Promise<void> }[] = [];
  let server: TlsServer;
  let ca: TestCa;
  let stranger: TestCa;
  let good: { key: string; cert: string };

  beforeAll(async () => {
    ca = makeTestCa(NAME);
    stranger = makeTestCa();
    good = ca.sign('localhost');
    server = await openServer(good);
  });
  beforeEach(() => server.present(good));
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });
  afterAll(() => server?.close());

  /** The way of `asked` through a place where all that Berth sends is heard. */
  async function tapped(asked: Partial<ServerAdmin>) {
    const admin = adminOf(server.url.reveal());
    const heard: Buffer[] = [];
    const tap = await listen((incoming) => {
      const outgoing = connect(admin.port, 'localhost').on('error', () => incoming.destroy());
      incoming.on('data', (bytes) => heard.push(bytes));
      incoming.pipe(outgoing).pipe(incoming);
      incoming.on('close', () => outgoing.destroy());
      outgoing.on('close', () => incoming.destroy());
    });
    opened.push(tap);
    const way = { ...admin, port: tap.port, ...asked };
    return { way, heard: () => Buffer.concat(heard).toString('latin1') };
  }

  async function open(admin: ServerAdmin): Promise<EngineSession> {
    const session = await engine.open(admin, PLENTY);
    opened.push(session);
    return session;
  }

  /** What comes of asking, and that neither it nor the wire tells of the login. */
  async function refusal(asked: Partial<ServerAdmin>) {
    const { way, heard } = await tapped(asked);
    const error: unknown = await open(way).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 9 })).not.toContain(way.password.reveal());
    expect(heard()).not.toContain(way.password.reveal());
    return { error, heard: heard() };
  }

  describe('TLS with a server that demands it', () => {
    test('verify-full with its CA carries a whole tenant, and nothing of it is read on the way', async () => {
      const { way, heard } = await tapped({ tls: 'verify-full', caCertificate: ca.pem });
      const session = await open(way);
      await session.ensureServerPrepared();
      const id = newId('database');
      const database = { id, name: `shop_${idTail(id)}`, connectionsMax: 5 };
      const login = { id: newId('credential'), name: `buyer_${idTail(id)}` };
      const password = newPassword();
      await session.lock(id);
      await session.ensureDatabase(database);
      await session.ensureLogin(login, password);
      await session.ensureGrant(database, login, 'owner');
      await session.proveLogin(database, login, password, 'owner');
      await session.proveIsolation(login, password);
      await session.proveRefused(database, login, newPassword());
      await session.endSessions({ logins: [login] });
      expect((await session.removeDatabase(database)).left).toEqual([]);
      await session.removeLogin(login);
      for (const word of [database.name, login.name, withoutTls.heard]) expect(heard()).not.toContain(word);
    });

    test('verify-full takes a CA among others, as while one follows another', async () => {
      const others = [stranger.pem, ca.pem].join('');
      const { way } = await tapped({ tls: 'verify-full', caCertificate: others });
      expect((await (await open(way)).observeServer()).lacks).toEqual([]);
    });

    test.each([
      ['of another CA', () => good, () => stranger.pem, /signed by no CA that is known.* ca_certificate/],
      ['of another CA of the same name', () => good, () => makeTestCa(NAME).pem, /not signed by the CA of that name/],
      ['of a CA that nobody named', () => good, () => null, /signed by no CA that is known.* ca_certificate/],
      ['for another host', () => ca.sign('elsewhere.example.org'), () => ca.pem, /for other names than the host/],
      ['that has expired', () => ca.sign('localhost', true), () => ca.pem, /has expired/],
    ])('verify-full refuses a certificate %s, before anything is said', async (_, presented, caCertificate, words) => {
      await server.present(presented());
      const { error, heard } = await refusal({ tls: 'verify-full', caCertificate: caCertificate() });
      expect(error).toMatchObject({ code: 'tls_failed', message: expect.stringMatching(words) });
      expect(error).toMatchObject({ message: expect.stringMatching(/^TLS with the server failed: /) });
      expect(heard).not.toBe('');
      expect(heard).not.toContain(withoutTls.heard);
    });

    test('a host that is an IP address is held against the addresses of the certificate, or refused', async () => {
      const byAddress = { host: '127.0.0.1', tls: 'verify-full' as const, caCertificate: ca.pem };
      await server.present(ca.sign('127.0.0.1'));
      if (verifiesAddresses) {
        const { way } = await tapped(byAddress);
        expect((await (await open(way)).observeServer()).lacks).toEqual([]);
        await server.present(good);
      }
      const { error, heard } = await refusal(byAddress); // in its certificate is a name alone
      const words = verifiesAddresses ? /for other names than the host/ : /name the host in admin_url, not its address/;
      expect(error).toMatchObject({ code: 'tls_failed', message: expect.stringMatching(words) });
      expect(verifiesAddresses ? heard.includes(withoutTls.heard) : heard.length > 0).toBe(false);
    });

    test('require encrypts and looks at no certificate', async () => {
      await server.present(stranger.sign('elsewhere.example.org', true));
      const { way, heard } = await tapped({ tls: 'require' });
      expect((await (await open(way)).observeServer()).lacks).toEqual([]);
      expect(heard()).not.toContain(withoutTls.heard);
    });

    test('disable is refused, and that is what the wire shows where nothing is encrypted', async () => {
      const { error, heard } = await refusal({ tls: 'disable' });
      expect(error).toMatchObject({ code: withoutTls.code, message: expect.stringMatching(withoutTls.message) });
      expect(heard).toContain(withoutTls.heard);
    });

    if (cipherOf !== null) {
      test.each(['require', 'verify-full'] as const)(
        'by the word of the server itself, %s is encrypted',
        async (tls) => {
          const caCertificate = tls === 'verify-full' ? ca.pem : null;
          expect(await cipherOf({ ...adminOf(server.url.reveal()), tls, caCertificate })).toMatch(/AES|CHACHA/);
        },
      );
    }

    test('a session that is open outlives another certificate, and the next one verifies it', async () => {
      const { way } = await tapped({ tls: 'verify-full', caCertificate: ca.pem });
      const session = await open(way);
      await server.present(stranger.sign('localhost'));
      expect(await session.observeLogin({ id: newId('credential'), name: 'nobody_yet' })).toBe('free');
      expect(await refusalOf(open(way))).toBe('tls_failed');
    });
  });
}
