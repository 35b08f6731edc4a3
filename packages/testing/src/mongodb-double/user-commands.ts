// Commands about users. Roles and passwords count from the next command of whoever is changed; nobody is sent away.
import { type Document, UUID } from 'bson';
import { type Call, type Command, demand, isSelf, may, unauthorized } from './command';
import { CommandError } from './command-error';
import { documentOf, documentsOf, matches, textOf } from './documents';
import { isRole, type RoleRef } from './roles';
import { makeVerifier } from './scram';
import { type User, userKey } from './state';

export const USER_COMMANDS: Record<string, Command> = {
  usersInfo: { fields: ['filter'], run: usersInfo },
  createUser: { fields: ['pwd', 'roles', 'mechanisms', 'customData', 'writeConcern'], run: createUser },
  updateUser: { fields: ['pwd', 'roles', 'mechanisms', 'customData', 'writeConcern'], run: updateUser },
  dropUser: { fields: ['writeConcern'], run: dropUser },
  grantRolesToUser: { fields: ['roles', 'writeConcern'], run: (call) => changeRoles(call, 'grantRole') },
  revokeRolesFromUser: { fields: ['roles', 'writeConcern'], run: (call) => changeRoles(call, 'revokeRole') },
};

function usersInfo(call: Call): Document {
  const asked: unknown = call.body.usersInfo;
  const filter = documentOf(call.body, 'filter');
  const all = [...call.state.users.values()];
  let chosen: User[];
  if (typeof asked === 'string') {
    chosen = all.filter(({ name, db }) => name === asked && db === call.db);
    const isOfSelf = chosen.length > 0 && chosen.every((user) => isSelf(call, user));
    if (!isOfSelf) demand(call, 'viewUser', { db: call.db });
  } else if (typeof asked === 'object' && asked !== null && Reflect.get(asked, 'forAllDBs') === true) {
    if (call.db !== 'admin') throw new CommandError('BadValue', 'usersInfo forAllDBs may only be run on admin');
    demand(call, 'viewUser', { db: '' });
    chosen = all;
  } else throw new CommandError('BadValue', 'This form of usersInfo is not spoken by the double');
  return { users: chosen.map(told).filter((user) => matches(user, filter)) };
}

function told({ userId, name, db, roles, customData }: User): Document {
  const custom = Object.keys(customData).length > 0 && { customData };
  return { _id: userKey(db, name), userId, user: name, db, ...custom, roles, mechanisms: ['SCRAM-SHA-256'] };
}

/** As it stands in `admin.system.users`, with what the server verifies its password by. */
export function userDocument({ userId, name, db, roles, customData, verifier }: User): Document {
  const custom = Object.keys(customData).length > 0 && { customData };
  const credentials = { 'SCRAM-SHA-256': verifier };
  return { _id: userKey(db, name), userId, user: name, db, credentials, ...custom, roles };
}

async function createUser(call: Call): Promise<Document> {
  const { state, db, body } = call;
  demand(call, 'createUser', { db });
  const name = textOf(body, 'createUser');
  const roles = demandRoles(call, 'grantRole');
  if (name === '') throw new CommandError('BadValue', 'User document needs a non-empty name');
  demandMechanism(body);
  const verifier = await makeVerifier(textOf(body, 'pwd'));
  const key = userKey(db, name);
  if (state.users.has(key)) throw new CommandError('Location51003', `User "${name}@${db}" already exists`);
  state.users.set(key, { userId: new UUID(), name, db, roles, customData: documentOf(body, 'customData'), verifier });
  return {};
}

async function updateUser(call: Call): Promise<Document> {
  const { state, db, body } = call;
  const name = textOf(body, 'updateUser');
  if ('pwd' in body) demand(call, 'changePassword', { db });
  if ('customData' in body) demand(call, 'changeCustomData', { db });
  if ('roles' in body && !may(call, 'revokeRole', { db: '' })) throw unauthorized(call);
  const roles = 'roles' in body ? demandRoles(call, 'grantRole') : null;
  if ('mechanisms' in body) demandMechanism(body);
  const verifier = 'pwd' in body ? await makeVerifier(textOf(body, 'pwd')) : null;
  const user = getUser(call, name);
  // one write of one document: all of it or nothing
  if (roles !== null) user.roles = roles;
  if (verifier !== null) user.verifier = verifier;
  if ('customData' in body) user.customData = documentOf(body, 'customData');
  state.users.set(userKey(db, name), user);
  return {};
}

function dropUser(call: Call): Document {
  demand(call, 'dropUser', { db: call.db });
  const { name, db } = getUser(call, textOf(call.body, 'dropUser'));
  call.state.users.delete(userKey(db, name));
  return {};
}

function changeRoles(call: Call, action: 'grantRole' | 'revokeRole'): Document {
  const roles = demandRoles(call, action);
  const user = getUser(call, textOf(call.body, call.name));
  const others = user.roles.filter((had) => !roles.some((role) => role.role === had.role && role.db === had.db));
  user.roles = action === 'grantRole' ? [...others, ...roles] : others;
  return {};
}

function getUser({ state, db }: Call, name: string): User {
  const user = state.users.get(userKey(db, name));
  if (user === undefined) throw new CommandError('UserNotFound', `Could not find user "${name}" for db "${db}"`);
  return user;
}

/** The roles that are named, each known, and each the caller's to give or to take. */
function demandRoles(call: Call, action: 'grantRole' | 'revokeRole'): RoleRef[] {
  return documentsOf(call.body, 'roles').map((document) => {
    const ref = { role: textOf(document, 'role'), db: textOf(document, 'db') };
    demand(call, action, { db: ref.db });
    if (!isRole(ref, call.state.roles))
      throw new CommandError('RoleNotFound', `Could not find role: ${ref.role}@${ref.db}`);
    return ref;
  });
}

function demandMechanism({ mechanisms }: Document): void {
  const asked: unknown = mechanisms;
  const isOne = Array.isArray(asked) && asked.length === 1 && asked[0] === 'SCRAM-SHA-256';
  if (!isOne) throw new CommandError('BadValue', 'The double keeps SCRAM-SHA-256 alone');
}
