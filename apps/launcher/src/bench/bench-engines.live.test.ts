// A create that was recorded is sent again by the driver alone, and does the same work: on each engine that is measured.
import { newId, Secret } from '@berth/core';
import { describeWhere, testServers, whyNoMariadb } from '@berth/testing';
import type { BenchEngine } from './bench-engine';
import { createByVerbs } from './create-by-verbs';
import { benchMariadb } from './mysql';
import { benchPostgresql } from './postgresql';
import { replayTape } from './replay-tape';
import { openTap } from './tap';
import { anonymous, differenceOf, renameTape, scriptsOf, type Tape } from './tape';

describe('PostgreSQL', () => describeReplay(benchPostgresql, () => testServers().postgresqlUrl));
describeWhere(whyNoMariadb() === null, whyNoMariadb() ?? '', 'MariaDB', () =>
  describeReplay(benchMariadb, () => testServers().mysqlUrl ?? ''),
);

/** The PREFIX of the benchmark: what is left over is dropped. */
const RECORDED = 'bench_recorded';

function describeReplay(engine: BenchEngine, url: () => string): void {
  const password = new Secret('a password of nobody');
  let server: ReturnType<typeof serverOf>;
  let tape: Tape;
  const passwordOf = (user: string) => (user === server.username ? server.password : password);
  const send = (sent: Tape, port = server.port) => replayTape(engine.connect, sent, { ...server, port, passwordOf });
  const renamed = (name: string) => renameTape(tape, RECORDED, name, engine.words);
  const describeMade = async (name: string) =>
    anonymous(await engine.describeMade(new Secret(url()), name), name, engine.words).split('\n');

  beforeAll(async () => {
    server = serverOf(url());
    const session = await engine.verbs.open(server, { leftMs: () => 25_000 });
    await session.lock(newId('server'));
    await session.ensureServerPrepared();
    await session.close();
    await engine.dropMade(new Secret(url()));
    const tap = await openTap(engine, server.port);
    await createByVerbs(engine.verbs, { ...server, port: tap.port }, RECORDED, password);
    tape = await tap.close();
  });
  afterAll(() => engine.dropMade(new Secret(url())));

  test('the same statements over the same connections leave the same database', async () => {
    const tap = await openTap(engine, server.port);
    await send(renamed('bench_copy_1'), tap.port);
    const heard = await tap.close();
    expect(heard.length).toBeGreaterThan(20);
    const script = (of: Tape, name: string) => scriptsOf(of, name, engine.words);
    expect(differenceOf(script(tape, RECORDED), script(heard, 'bench_copy_1'))).toBeNull();
    expect(await describeMade('bench_copy_1')).toEqual(await describeMade(RECORDED));
  });

  test('another create sends the same, but for what is made of chance', async () => {
    const tap = await openTap(engine, server.port);
    await createByVerbs(engine.verbs, { ...server, port: tap.port }, 'bench_again', password);
    const again = scriptsOf(await tap.close(), 'bench_again', engine.words);
    expect(differenceOf(scriptsOf(tape, RECORDED, engine.words), again)).toBeNull();
  });

  test('copies that are sent at once do not end each other', async () => {
    await Promise.all(['bench_copy_2', 'bench_copy_3', 'bench_copy_4'].map((name) => send(renamed(name))));
    expect(await describeMade('bench_copy_4')).toEqual(await describeMade(RECORDED));
  });

  test('whatever is done on a connection waits for what was done there before', () => {
    const reached = (from: number[]): Set<number> => {
      const all = new Set(from);
      for (const index of all) for (const each of tape[index]?.after ?? []) all.add(each);
      return all;
    };
    for (const [index, { after, session }] of tape.entries()) {
      const before = tape.slice(0, index).findLastIndex((move) => move.session === session);
      if (before !== -1) expect([index, reached(after).has(before)]).toEqual([index, true]);
      expect(after.every((each) => each < index)).toBe(true);
    }
  });

  test('a connection that is let in, or refused for another reason, is not passed over', async () => {
    const turned = (refusal: string | null) =>
      renamed('bench_copy_5').map((move) =>
        move.kind === 'open' && move.refusal !== null ? { ...move, refusal } : move,
      );
    await expect(send(turned(null))).rejects.toThrow(/was refused with .* and let in when it was recorded/);
    await engine.dropMade(new Secret(url()));
    await expect(send(turned('another'))).rejects.toThrow(/and refused with another when it was recorded/);
  });
}

function serverOf(text: string) {
  const { hostname, port, username, password } = new URL(text);
  const secret = new Secret(decodeURIComponent(password));
  return { host: hostname, port: Number(port), tls: 'disable' as const, username, password: secret };
}
