// Every kind that is built, by name. A new one is a file beside this and a line here.
import { PlatformError } from '@berth/core';
import type { Kind } from '../kind';
import { credentialCreate } from './credential-create';
import { credentialDelete } from './credential-delete';
import { credentialReset } from './credential-reset';
import { databaseAdopt } from './database-adopt';
import { databaseCreate } from './database-create';
import { databaseDelete } from './database-delete';
import { databaseQuarantine } from './database-quarantine';
import { databaseRestore } from './database-restore';
import { databaseUpdate } from './database-update';
import { grantCreate } from './grant-create';
import { grantDelete } from './grant-delete';
import { serverDrift } from './server-drift';
import { serverPreflight } from './server-preflight';
import { serverRefresh } from './server-refresh';

export type { DatabaseCreateInput } from './database-create';
export { databaseRemove } from './database-remove';
export { grantRemove } from './grant-remove';
export {
  credentialCreate,
  credentialDelete,
  credentialReset,
  databaseAdopt,
  databaseCreate,
  databaseDelete,
  databaseQuarantine,
  databaseRestore,
  databaseUpdate,
  grantCreate,
  grantDelete,
  serverDrift,
  serverPreflight,
  serverRefresh,
};

/** What a worker needs of a kind; its input is the request's business. */
export type Performed = Pick<
  Kind<never>,
  'name' | 'isReadOnly' | 'perform' | 'fail' | 'withdraw' | 'revive' | 'isOwed'
>;

const KINDS = new Map<string, Performed>(
  [
    databaseCreate,
    databaseQuarantine,
    databaseRestore,
    databaseUpdate,
    databaseDelete,
    credentialCreate,
    credentialReset,
    credentialDelete,
    grantCreate,
    grantDelete,
    serverPreflight,
    serverRefresh,
    serverDrift,
    databaseAdopt,
  ].map((kind): [string, Performed] => [kind.name, kind]),
);

/** Null for a kind that this version cannot perform. */
export function findKind(name: string): Performed | null {
  return KINDS.get(name) ?? null;
}

/** Throws `not_built` for a kind of the design that this version cannot perform. */
export function kindOf(name: string): Performed {
  const kind = findKind(name);
  if (kind === null) throw new PlatformError('not_built', `This version of Berth cannot perform ${name}.`);
  return kind;
}
