// The second of the two names: what a thing is called on its server. Decided and stored before the server hears it.
import { type EngineName, idTail, PlatformError } from '@berth/core';
import type { Ownership } from '@berth/engines/contract';
import { rulesOf } from '@berth/engines/rules';
import type { Nouns } from '@berth/store';

/** The asked name where it suits the engine and nothing of ours on that server has it; else slug, `_`, id's tail. */
export async function chooseDatabaseName(tx: Nouns, engine: EngineName, serverId: string, name: string, id: string) {
  const rules = rulesOf(engine);
  const asItStands = rules.canBeDatabaseName(name) && !(await tx.databases.isEngineNameHeld(serverId, name));
  return asItStands ? name : rules.engineNameOf(name, idTail(id));
}

/** The same for a login. */
export async function chooseLoginName(tx: Nouns, engine: EngineName, serverId: string, name: string, id: string) {
  const rules = rulesOf(engine);
  const asItStands = rules.canBeLoginName(name) && !(await tx.credentials.isLoginNameHeld(serverId, name));
  return asItStands ? name : rules.engineNameOf(name, idTail(id));
}

interface Named {
  id: string;
  name: string;
}

/**
 * Looks whether the server gives the name to us. If somebody else's thing has it, another one is stored and used: what
 * is not ours is never touched. Returns the name that holds. Throws `taken_on_server` when the second is taken too.
 */
export async function reserveName(
  engine: EngineName,
  thing: Named,
  observe: (thing: Named) => Promise<Ownership>,
  rename: (id: string, name: string) => Promise<void>,
): Promise<Named> {
  if ((await observe(thing)) !== 'foreign') return thing;
  const other = { id: thing.id, name: rulesOf(engine).engineNameOf(thing.name, idTail(thing.id)) };
  if (other.name === thing.name || (await observe(other)) === 'foreign') {
    throw new PlatformError('taken_on_server', `The server has a ${thing.name} that Berth did not make.`);
  }
  await rename(thing.id, other.name);
  return other;
}
