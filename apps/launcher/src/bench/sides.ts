// What is compared: three ways to the same database, each checked to make the same thing before anything is timed.
import { Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import type { CallApi } from '../api-client';
import type { BerthFacts } from '../berth';
import { type Asked, createByBerth } from './create-by-berth';
import { createByVerbs } from './create-by-verbs';
import { describeMade, PREFIX } from './made-objects';
import { type Recording, recordCreate } from './record-create';
import { replayTape } from './replay-tape';
import { openTap } from './tap';
import { differenceOf, renameTape, scriptsOf } from './tape';

export type SideName = 'statements' | 'verbs' | 'berth';

/** One way to make a database called `name`. */
export interface Side {
  name: SideName;
  create(name: string): Promise<Asked | null>;
}

export interface Sides {
  sides: Side[];
  recording: Recording;
}

/** Opens the three ways, and has each make one database. Throws `bench_failed` unless all three are made alike. */
export async function openSides(facts: BerthFacts, callApi: CallApi): Promise<Sides> {
  const recording = await recordCreate(callApi, facts, `${PREFIX}recorded`);
  const server = serverOf(facts.serverUrl);
  const passwordOf = (user: string) => (user === server.username ? server.password : recording.password);
  const sides: Side[] = [
    {
      name: 'statements',
      create: async (name) => {
        await replayTape(renameTape(recording.tape, recording.name, name), { ...server, passwordOf });
        return null;
      },
    },
    {
      name: 'verbs',
      create: async (name) => {
        await createByVerbs(server, name, recording.password);
        return null;
      },
    },
    { name: 'berth', create: (name) => createByBerth(callApi, name) },
  ];
  await demandSameObjects(facts.serverUrl, recording, sides);
  await demandSameScript(server, recording);
  return { sides, recording };
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

async function demandSameObjects(serverUrl: Secret, recording: Recording, sides: Side[]): Promise<void> {
  const wanted = await describeMade(serverUrl.reveal(), recording.name);
  for (const side of sides) {
    const name = `${PREFIX}${side.name}_0`;
    await side.create(name);
    const made = await describeMade(serverUrl.reveal(), name);
    const difference = differenceOf([wanted.split('\n')], [made.split('\n')]);
    if (difference !== null) throw unlike(`what "${side.name}" makes`, difference);
  }
}

async function demandSameScript(server: ReturnType<typeof serverOf>, recording: Recording): Promise<void> {
  const tap = await openTap(server.port);
  const name = `${PREFIX}heard`;
  await createByVerbs({ ...server, port: tap.port }, name, recording.password);
  const wanted = scriptsOf(recording.tape, recording.name);
  const difference = differenceOf(wanted, scriptsOf(await tap.close(), name));
  if (difference !== null) throw unlike('what "verbs" sends', difference);
}

function unlike(what: string, { wanted, found }: { wanted: string; found: string }): LaunchError {
  const message = `The benchmark compares unlike things: ${what} is not what database_create does.
  wanted  ${wanted}
  found   ${found}`;
  return new LaunchError('bench_failed', message, 'Bring apps/launcher/src/bench/ in line with database_create.');
}
