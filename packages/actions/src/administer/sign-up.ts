// Signing up: a stranger gets a team of their own, with a project, a quota and a login that stays in one environment. Only where
// operators let strangers in.
import { codeOf, fieldError, newId, PlatformError } from '@berth/core';
import type { SignUpDefaults } from '@berth/runtime';
import type { Access, Nouns } from '@berth/store';
import type { Context } from '../context';
import { resolve } from '../resolve';
import { resolveAccess } from './access-fields';
import { existing } from './audited';
import { showAccess } from './show';

export interface SignUp {
  /** In lower case: the login. */
  email: string;
  /** Of the password, made by `hashPassword`. */
  secretHash: string;
  address: string | null;
}

const PROJECT = 'default';
const SCOPES = ['public', 'admin', 'credentials'] as const;

/** What says that the defaults name something that is not there, or that does not fit. */
const UNFIT = ['unknown_reference', 'disagree', 'invalid_request'];

/**
 * The login that was made, with all that belongs to it, or nothing at all. Throws `name_taken` on `login` when somebody has it, or
 * had it until operators revoked it: whom they shut out does not let themselves in again;
 * `not_set_up` when the defaults name what there is not, or what does not fit. Safe to race.
 */
export async function signUp({ store }: Context, defaults: SignUpDefaults, asked: SignUp): Promise<Access> {
  return store.transaction(async (tx) => {
    const { address, email: login, secretHash } = asked;
    if (await tx.accesses.isLoginKnown(login)) throw fieldError('name_taken', 'login', 'This login is taken.');
    const id = newId('access');
    const team = await tx.teams.insert({ name: `${login} ${id}`, database_quota: defaults.quota }); // nobody else's name
    const project = await tx.projects.insert({ team_id: team.id, name: PROJECT });
    const owner = { id, teamId: team.id, person: login, kind: 'basic', login, secretHash } as const;
    const access = await asSetUp(async () => {
      const { engine, environment, plan } = defaults;
      const wanted = {
        name: login,
        scopes: [...SCOPES],
        limits: { environment },
        defaults: { engine, plan, environment, project: project.id },
      };
      const made = await tx.accesses.insert(owner, await resolveAccess(tx, team.id, wanted, null));
      await resolve(tx, made, {}); // as the first create will
      return made;
    });
    await record(tx, access, address);
    return access;
  });
}

/** What the defaults are to blame for is the operators' to mend: their log has it, whoever signs up hears less. */
async function asSetUp<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!UNFIT.includes(codeOf(cause))) throw cause;
    throw new PlatformError('not_set_up', 'Nobody can sign up now: the operators have something to set up.', { cause });
  }
}

async function record(tx: Nouns, access: Access, address: string | null): Promise<void> {
  const { id: subjectId, person, team_id: teamId } = access;
  const after = showAccess(existing('access', subjectId, await tx.accesses.findView(subjectId)));
  await tx.audit.record({ deed: 'sign_up', who: { id: subjectId, person, address }, teamId, subjectId, after });
}
