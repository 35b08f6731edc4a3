// The body of a create: a name, which becomes a slug, and links to a plan and an environment. The plan names the engine.
import type { Caller, DatabaseCreateInput, WishedLogin } from '@berth/actions';
import { isEngineName } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import type { ApiContext } from '../dialect';
import { findEnvironment } from './environments';
import { type Fields, openFields } from './fields';
import { findPlan } from './plans';
import { findProject } from './projects';
import { slugOf } from './slug';

const LOGIN_LENGTH_MAX = 16;
const TAIL_LENGTH = 4;

/** What the product reserves beside the databases of its engines' own, where the word means something to the engine. */
const RESERVED_BY_PRODUCT = ['admin', 'test'];

/** Throws `invalid_request` with every field that is wrong. */
export async function parseNewDatabase(api: ApiContext, access: Caller, fields: Fields): Promise<DatabaseCreateInput> {
  const reader = openFields(fields);
  const asked = reader.text('name');
  const name = slugOf(asked);
  if (asked !== '' && name === '') reader.refuse('name', 'Enter a name with a letter or a digit in it.');
  const plan = await reader.link('plan', 'plan', (number) => findPlan(api.store, access, number));
  const environment = await reader.link('environment', 'environment', (number) =>
    findEnvironment(api.store, access, number),
  );
  if (plan !== null && isEngineName(plan.engine) && isRefused(rulesOf(plan.engine), name)) {
    reader.refuse('name', `${name} is a reserved database name`);
  }
  const project = await findProject(api.store, access, fields, reader);
  reader.close();
  return {
    name,
    mayBeReserved: true,
    engine: plan?.engine,
    plan: plan?.id,
    environment: environment?.id,
    project: project?.id,
    ownerLogin: 'auto',
    owner: wishedLogin(`u_${name}`),
  };
}

/** Other names that an engine reserves, such as `test_database2`, are ours to bridge: its server calls the database otherwise. */
function isRefused(rules: ReturnType<typeof rulesOf>, name: string): boolean {
  return rules.isSystemDatabase(name) || (RESERVED_BY_PRODUCT.includes(name) && rules.isReserved(name));
}

/** A login's name, at most 16 characters; where somebody has it, with the end of its id in place of the last four. */
export function wishedLogin(name: string): WishedLogin {
  const asked = slugOf(name.slice(0, LOGIN_LENGTH_MAX)).slice(0, LOGIN_LENGTH_MAX); // one letter may become several
  return {
    asked,
    other: (idTail) => `${asked.slice(0, LOGIN_LENGTH_MAX - TAIL_LENGTH)}${idTail.slice(-TAIL_LENGTH)}`,
  };
}
