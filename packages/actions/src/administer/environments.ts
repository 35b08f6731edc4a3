// Environments: made, changed and deleted by operators.
import type { Environment, EnvironmentFields } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { audited, existing, refuseUses } from './audited';
import { showEnvironment } from './show';

/** Throws `name_taken`. */
export async function createEnvironment(
  context: Context,
  caller: Caller,
  fields: EnvironmentFields,
): Promise<Environment> {
  const { environment } = await audited(context, caller, 'environment_create', async (tx) => {
    const environment = await tx.environments.insert(fields);
    const after = showEnvironment(environment);
    return { environment, teamId: null, subjectId: environment.id, before: null, after };
  });
  return environment;
}

/** Throws `not_found`, `name_taken`. */
export async function updateEnvironment(
  context: Context,
  caller: Caller,
  id: string,
  change: Partial<EnvironmentFields>,
): Promise<Environment> {
  const { environment } = await audited(context, caller, 'environment_update', async (tx) => {
    await tx.environments.lock(id);
    const before = showEnvironment(existing('environment', id, await tx.environments.find(id)));
    const environment = await tx.environments.update(id, change);
    return { environment, teamId: null, subjectId: id, before, after: showEnvironment(environment) };
  });
  return environment;
}

/** Throws `not_found`; `in_use` while pools, databases, plans or limits of accesses name it. */
export async function deleteEnvironment(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'environment_delete', async (tx) => {
    await tx.environments.lock(id);
    const environment = existing('environment', id, await tx.environments.find(id));
    const uses = await tx.environments.listUses(id);
    refuseUses(`environment ${environment.name}`, uses, 'Delete or change these first.');
    await tx.environments.dropDefaults(id);
    await tx.environments.retire(id);
    return { teamId: null, subjectId: id, before: showEnvironment(environment), after: null };
  });
}
