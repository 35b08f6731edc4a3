// What is compared: three ways to the same database, each checked to make the same thing before anything is timed.
import { Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import type { CallApi } from '../api-client';
import { type BenchEngine, PREFIX } from './bench-engine';
import { type Asked, createByBerth } from './create-by-berth';
import { createByVerbs } from './create-by-verbs';
import { type Recording, recordCreate } from './record-create';
import { replayTape } from './replay-tape';
import { openTap } from './tap';
import { anonymous, differenceOf, renameTape, scriptsOf } from './tape';

export type SideName = 'statements' | 'verbs' | 'berth';

/** One way to make a database called `name`. */
export interface Side {
  name: SideName;
  create(name: string): Promise<Asked | null>;
}

/** Where it is measured: the store of a running Berth, and a server that is registered there. */
export interface Measured {
  engine: BenchEngine;
  storeUrl: Secret;
  serverUrl: Secret;
}

export interface Sides {
  sides: Side[];
  recording: Recording;
}

/** Opens the three ways, and has each make one database. Throws `bench_failed` unless all three are made alike. */
export async function openSides(measured: Measured, callApi: CallApi): Promise<Sides> {
  const { engine, serverUrl } = measured;
  const recording = await recordCreate(callApi, engine, measured, `${PREFIX}recorded`);
  const server = serverOf(serverUrl);
  const bare = bareSides(engine, recording);
  const sides: Side[] = [
    ...bare.map(({ name, create }) => ({
      name,
      create: async (database: string) => {
        await create(server, database);
        return null;
      },
    })),
    { name: 'berth', create: (name) => createByBerth(callApi, engine.name, name) },
  ];
  await demandSameObjects(measured, recording, sides);
  for (const side of bare) await demandSameScript(engine, server, recording, side);
  return { sides, recording };
}

type Server = ReturnType<typeof serverOf>;

/** A way that needs no Berth: to whatever address. */
interface BareSide {
  name: Exclude<SideName, 'berth'>;
  create(server: Server, database: string): Promise<void>;
}

function bareSides(engine: BenchEngine, recording: Recording): BareSide[] {
  const { name: recorded, password, tape } = recording;
  return [
    {
      name: 'statements',
      create: (server, name) => {
        const passwordOf = (user: string) => (user === server.username ? server.password : password);
        return replayTape(engine.connect, renameTape(tape, recorded, name, engine.words), { ...server, passwordOf });
      },
    },
    { name: 'verbs', create: (server, name) => createByVerbs(engine.verbs, server, name, password) },
  ];
}

function serverOf(url: Secret) {
  const { hostname, port, username, password } = new URL(url.reveal());
  return {
    host: hostname,
    port: Number(port),
    tls: 'disable' as const,
    username,
    password: new Secret(decodeURIComponent(password)),
  };
}

async function demandSameObjects({ engine, serverUrl }: Measured, recording: Recording, sides: Side[]): Promise<void> {
  const describe = async (name: string) => anonymous(await engine.describeMade(serverUrl, name), name, engine.words);
  const wanted = await describe(recording.name);
  for (const side of sides) {
    const name = `${PREFIX}${side.name}_0`;
    await side.create(name);
    const difference = differenceOf([wanted.split('\n')], [(await describe(name)).split('\n')]);
    if (difference !== null) throw unlike(`what "${side.name}" makes`, difference);
  }
}

async function demandSameScript(
  engine: BenchEngine,
  server: Server,
  recording: Recording,
  side: BareSide,
): Promise<void> {
  const tap = await openTap(engine, server.port);
  const name = `${PREFIX}heard_${side.name}`;
  await side.create({ ...server, port: tap.port }, name);
  const wanted = scriptsOf(recording.tape, recording.name, engine.words);
  const difference = differenceOf(wanted, scriptsOf(await tap.close(), name, engine.words));
  if (difference !== null) throw unlike(`what "${side.name}" sends`, difference);
}

function unlike(what: string, { wanted, found }: { wanted: string; found: string }): LaunchError {
  const message = `The benchmark compares unlike things: ${what} is not what database_create does.
  wanted  ${wanted}
  found   ${found}`;
  return new LaunchError('bench_failed', message, 'Bring apps/launcher/src/bench/ in line with database_create.');
}
