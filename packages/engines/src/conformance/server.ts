// What is seen of a server, and what is done to it once.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { Secret } from '@berth/core';
import { type Ground, refusalOf } from './ground';

/** Part of the suite: facts, preparing, and the ways in which a server may not be reached. */
export function describeServer({ session, open, server, engine }: Ground): void {
  describe('the server', () => {
    test('is known by one identity, whichever address led to it', async () => {
      const other = await open({ admin: { host: 'localhost' } });
      const facts = await session().observeServer();
      expect(await other.observeServer()).toEqual(facts);
      expect(facts).toEqual({
        identity: expect.stringMatching(/\S/),
        version: expect.stringMatching(/^\d+/),
        connectionsMax: expect.any(Number),
        lacks: [],
        cannot: expect.any(Array),
      });
    });

    test('can be prepared twice, and by two sessions at once', async () => {
      const others = await Promise.all([open(), open()]);
      await Promise.all(others.map((other) => other.ensureServerPrepared()));
      await expect(session().ensureServerPrepared()).resolves.toBeDefined();
    });

    test('that refuses the admin says so, without the password', async () => {
      const password = new Secret('wrong-hunter2');
      const refused = engine.open({ ...server().admin, password }, { leftMs: () => 5_000 });
      const error: unknown = await refused.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'admin_refused' });
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    });

    test('at a port where nothing listens is unreachable', async () => {
      const { port, close } = await listen(() => undefined);
      await close();
      expect(await refusalOf(open({ admin: { host: '127.0.0.1', port } }))).toBe('server_unreachable');
    });

    test('at a name nobody knows is unreachable', async () => {
      expect(await refusalOf(open({ admin: { host: 'nowhere.invalid' } }))).toBe('server_unreachable');
    });

    test('that takes a connection and says nothing is unreachable within the time that is left', async () => {
      const silent = await listen(() => undefined);
      const opening = open({ admin: { host: '127.0.0.1', port: silent.port }, leftMs: () => 300 });
      expect(await refusalOf(opening)).toBe('server_unreachable');
      await silent.close();
    });

    test('that goes away is unreachable to the open session, and ends nothing but it', async () => {
      const relay = await relayTo(server().admin);
      const through = await open({ admin: { host: '127.0.0.1', port: relay.port } });
      await relay.close();
      expect(await refusalOf(through.observeServer())).toBe('server_unreachable');
      expect(await refusalOf(through.observeServer())).toBe('server_unreachable');
    });
  });
}

/** A port of ours before the server's; closing it cuts everything that runs through. */
export async function relayTo(to: { host: string; port: number }): Promise<Listener> {
  return listen((incoming) => {
    const outgoing = connect(to.port, to.host);
    for (const socket of [incoming, outgoing]) socket.on('error', () => undefined).setNoDelay(true);
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('close', () => outgoing.destroy());
  });
}

export interface Listener {
  port: number;
  /** How many connections came. */
  count(): number;
  /** Takes no more connections, and leaves those that are open. */
  refuseMore(): void;
  close(): Promise<void>;
}

export async function listen(onConnection: (socket: Socket) => void): Promise<Listener> {
  const sockets: Socket[] = [];
  const listener: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const closed = new Promise<void>((resolve) => listener.once('close', resolve));
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    count: () => sockets.length,
    refuseMore: () => void listener.close(),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (listener.listening) listener.close();
      await closed;
    },
  };
}
