// The body of a create, of which clients send three: the documentation's, npm's with `addon_provider_id`, `plan_id` and
// `database_name`, and go-scalingo's without a root, where the plan is named by its id.
import type { Caller, DatabaseCreateInput } from '@berth/actions';
import { ENGINES, type EngineName, isEngineName } from '@berth/core';
import type { ApiContext } from '../dialect';
import { type FieldReader, type Fields, openFields } from './fields';
import { findPlan, placeOf } from './plans';
import { findAskedProject } from './projects';

const LENGTH = { min: 6, max: 48 };

/** Throws `invalid_request` with every field that is wrong. */
export async function parseNewDatabase(api: ApiContext, access: Caller, fields: Fields): Promise<DatabaseCreateInput> {
  const reader = openFields(fields);
  const name = readName(reader);
  const engine = readTechnology(reader);
  const plan = await readPlan(api, access, reader, engine);
  const project = await findAskedProject(api, access, reader);
  reader.close();
  return {
    name,
    mayBeReserved: true,
    ownerLogin: 'auto',
    engine: engine ?? undefined,
    plan,
    project,
    environment: placeOf(access) ?? undefined,
  };
}

function readName(reader: FieldReader): string {
  const name = reader.text('name', 'database_name');
  const problem = name === '' ? null : problemOfName(name); // an empty one was told of
  if (problem !== null) reader.refuse('name', problem);
  return name;
}

function problemOfName(name: string): string | null {
  if (name.length < LENGTH.min || name.length > LENGTH.max) {
    return `should have between ${LENGTH.min} and ${LENGTH.max} characters`;
  }
  if (!/^[a-z0-9-]*$/.test(name)) return 'should contain only lowercap letters, digits and hyphens';
  const isWellBroken = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
  return isWellBroken ? null : 'should not begin or end with a hyphen, nor have two in a row';
}

function readTechnology(reader: FieldReader): EngineName | null {
  const technology = reader.text('technology', 'addon_provider_id');
  if (isEngineName(technology)) return technology;
  if (technology !== '') reader.refuse('technology', `should be one of ${ENGINES.join(', ')}`);
  return null;
}

async function readPlan(api: ApiContext, access: Caller, reader: FieldReader, engine: EngineName | null) {
  const asked = reader.text('plan', 'plan_id');
  if (asked === '' || engine === null) return undefined;
  const plan = await findPlan(api.store, access, engine, asked);
  if (plan === null) reader.refuse('plan', `is no plan of ${engine}`);
  return plan?.id;
}
