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

/** What a login is to be called, in the way of a product: the name asked for, and the one to take where another has that. */
export interface WishedLogin {
  asked: string;
  /** By the tail of its id. */
  other(idTail: string): string;
}

/** Whether it is the login that such a wish made, under whichever of the two names. */
export function isWished({ asked, other }: WishedLogin, login: { id: string; username: string }): boolean {
  return login.username === asked || login.username === other(idTail(login.id));
}

/** The name of a wish that is free on that server, for this team and on the engine; as it is asked where nobody has it. */
export async function chooseWished(tx: Nouns, serverId: string, { asked, other }: WishedLogin, id: string) {
  return (await tx.credentials.isLoginNameHeld(serverId, asked)) ? other(idTail(id)) : asked;
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
