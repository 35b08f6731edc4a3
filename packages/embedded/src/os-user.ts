// Who runs PostgreSQL. It refuses to run as root, so root lends it to a user who may do less; others run it themselves.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { LaunchError } from './launch-error';

/** An account of the operating system. */
export interface OsUser {
  name: string;
  uid: number;
  gid: number;
}

// initdb looks its user up by number, so the user must be in the system's list: a free number would not do.
const USERS_TRIED = ['berth', 'postgres', 'nobody'];

/** Whom PostgreSQL shall run as: null for "as ourselves" when we are not root, else the owner of `dataDirectory` where
 * it exists already, else the first of `berth`, `postgres`, `nobody` that the system knows. */
export function choosePostgresqlUser(dataDirectory: string): OsUser | null {
  if (process.getuid?.() !== 0) return null;
  const users = listOsUsers();
  const owner = statSync(dataDirectory, { throwIfNoEntry: false })?.uid ?? 0;
  if (owner !== 0) {
    const found = users.find((user) => user.uid === owner);
    if (found) return found;
    throw new LaunchError(
      'user_unfit',
      `${dataDirectory} belongs to user number ${owner}, whom this system does not know`,
      'Give it to a user of this system (chown -R), or start with another BERTH_HOME.',
    );
  }
  for (const name of USERS_TRIED) {
    const found = users.find((user) => user.name === name && user.uid !== 0);
    if (found) return found;
  }
  throw new LaunchError(
    'user_unfit',
    `PostgreSQL does not run as root, and there is none of the users ${USERS_TRIED.join(', ')} to run it as`,
    'Run Berth as an ordinary user, or add one: useradd --system berth',
  );
}

/** Throws `user_unfit` unless `user` can run `program`; names the folder that stands in the way. */
export function checkCanRun(user: OsUser | null, program: string): void {
  const ids = user ? { uid: user.uid, gid: user.gid } : {};
  const run = spawnSync(program, ['--version'], { ...ids, cwd: '/', env: {}, encoding: 'utf8' });
  if (run.status === 0) return;
  const why = run.error?.message ?? run.stderr.trim();
  const closed = user && findClosedFolder(program);
  throw new LaunchError(
    'user_unfit',
    `${user ? `The user ${user.name}, who runs PostgreSQL for root,` : 'This user'} cannot run ${program}: ${
      closed ? `${closed} is closed to other users` : why
    }`,
    'Set BERTH_HOME to a folder that every user may enter and programs may run from, such as /var/lib/berth.',
  );
}

function listOsUsers(): OsUser[] {
  const users: OsUser[] = [];
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) users.push({ name, uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

const OTHERS_MAY_ENTER = 0o001;

function findClosedFolder(path: string): string | null {
  let closed: string | null = null;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) closed = folder;
    if (folder === dirname(folder)) return closed;
  }
}
