// Roles that operators define themselves: what they allow in one database, by name. None inherits from another here.
// https://www.mongodb.com/docs/manual/reference/command/nav-role-management/
import type { Document } from 'bson';
import { type Call, type Command, demand } from './command';
import { CommandError } from './command-error';
import { documentsOf, isSame, textOf } from './documents';
import { isRole } from './roles';
import { userKey } from './state';

export const ROLE_COMMANDS: Record<string, Command> = {
  createRole: { fields: ['privileges', 'roles', 'writeConcern'], run: createRole },
  dropRole: { fields: ['writeConcern'], run: dropRole },
  rolesInfo: { fields: ['showPrivileges'], run: rolesInfo },
};

function createRole(call: Call): Document {
  const { state, db, body } = call;
  demand(call, 'createRole', { db });
  const role = textOf(body, 'createRole');
  if (documentsOf(body, 'roles').length > 0) throw new CommandError('BadValue', 'No role of the double inherits');
  const privileges = documentsOf(body, 'privileges');
  for (const { resource } of privileges) {
    if (resource?.db !== db && db !== 'admin') throw new CommandError('BadValue', `Roles on ${db} are about it alone`);
  }
  if (isRole({ role, db }, state.roles)) throw new CommandError('Location51002', `Role "${role}@${db}" already exists`);
  state.roles.set(userKey(db, role), { role, db, privileges });
  return {};
}

function dropRole(call: Call): Document {
  const { state, db, body } = call;
  demand(call, 'dropRole', { db });
  const name = textOf(body, 'dropRole');
  if (!state.roles.delete(userKey(db, name))) throw new CommandError('RoleNotFound', `Role '${name}@${db}' not found`);
  // whoever had it has it no more
  for (const user of state.users.values()) {
    user.roles = user.roles.filter((had) => !isSame(had, { role: name, db }));
  }
  return {};
}

/** All that were defined in one database. */
function rolesInfo(call: Call): Document {
  const { state, db, body } = call;
  if (body.rolesInfo !== 1) throw new CommandError('BadValue', 'This form of rolesInfo is not spoken by the double');
  demand(call, 'viewRole', { db });
  const here = [...state.roles.values()].filter((each) => each.db === db);
  const told = here.map(({ role, privileges }) => ({
    ...{ _id: userKey(db, role), role, db, isBuiltin: false, roles: [], inheritedRoles: [] },
    ...(body.showPrivileges === true && { privileges }),
  }));
  return { roles: told };
}
