// What an action kind is: the promise `plan`, made inside the request's transaction, and the deed `perform`, done by a
// worker. Both stand in one file per kind (kinds/), because they must agree.
import type { ActionKind, Clock, EngineName, Secret } from '@berth/core';
import type { EngineSession, Evidence } from '@berth/engines/contract';
import type { Log } from '@berth/runtime';
import type { KeyRing } from '@berth/secrets';
import type { Access, Action, AuditValue, Nouns, ServerView, Store } from '@berth/store';
import type { Once } from './once';
import { secretContext } from './sealed-contexts';

/**
 * An access that calls, and from where: the peer's address, null where nobody knows it. `once`: its word that requests
 * with this key are one, for what is written at once.
 */
export type Caller = Access & { address?: string | null; once?: Once };

/** Who asks. Null is Berth itself (maintenance). */
export type Requester = Caller | null;

/** What `plan` may use: the request's transaction and the sealing of secrets. Never an engine, never the queue. */
export interface Planning {
  tx: Nouns;
  clock: Clock;
  keyRing: KeyRing;
  requester: Requester;
  /** Dialects whose permanent deletes keep the data, unseen by their clients. */
  hiddenQuarantine: readonly string[];
  /** Whether it locks what it looks at: not in a first try, which looks and confirms, but after it was overtaken. */
  locksFirst: boolean;
  /** Calls off what waits for a database, and takes back what that promised. */
  cancelQueued(databaseId: string): Promise<void>;
}

/** In place of a plan of its own: the open action that does the same, or did it. */
export interface Joins {
  joins: Action;
}

/** What the action is about. Rows it names are written by then. */
export interface Planned {
  /** What is done, where the one asked for leaves that to policy. */
  kind?: ActionKind;
  engine: EngineName;
  teamId: string | null;
  databaseId: string | null;
  credentialId: string | null;
  serverId: string;
  stepNames: string[];
  /** Asked last, right before the commit: what was only looked at is locked and as it was. Throws `Overtaken`. */
  confirm?: () => Promise<void>;
  /** What it changes, for the audit: without secrets; null before something is made, or after it is gone. */
  change?: Change;
}

export interface Change {
  before: AuditValue | null;
  after: AuditValue | null;
}

/** The deed's own part of the commit that ends the action: what the thing it was about becomes. */
export type Settle = (tx: Nouns) => Promise<void>;

/** What `perform` may use. */
export interface Work {
  action: Action;
  server: ServerView;
  session: EngineSession;
  store: Store;
  keyRing: KeyRing;
  /**
   * Runs one named part and records it with its evidence. A part is observe, act, observe, and safe to run twice.
   * Throws `claim_lost` as soon as another worker may hold the action.
   */
  step(name: string, deed: () => Promise<Evidence>): Promise<void>;
}

export interface Kind<Input> {
  name: ActionKind;
  /** It changes nothing on the server, and so takes no lock there and keeps nobody else from his. Without it, it may. */
  isReadOnly?: true;
  /**
   * Writes what must be there before an engine hears of it. Throws what the caller must know; then nothing is written. After
   * `Overtaken` it is asked again in a new transaction.
   */
  plan(planning: Planning, input: Input): Promise<Planned | Joins>;
  /** Does it, against one server, and says what the commit settles. */
  perform(work: Work): Promise<Settle>;
  /** What a cancel settles while nobody has begun: what `plan` promised is taken back. Without it, it promised nothing. */
  withdraw?(tx: Nouns, action: Action): Promise<void>;
  /** What trying again after a failure settles: what `fail` gave up is on its way again. Without it, nothing was given up. */
  revive?(tx: Nouns, action: Action): Promise<void>;
  /**
   * Whether what it brings about is promised already, so that it is tried for as long as it takes and nobody may call it
   * off. Without it, never.
   */
  isOwed?(nouns: Nouns, action: Action): Promise<boolean>;
  /** What the commit of a failure settles. `session` is null when the server could not be opened. */
  fail(work: FailedWork): Promise<Settle>;
}

/** What can be asked for: a kind, or what leaves the choice of the kind to policy. */
export type Requestable<Input> = Pick<Kind<Input>, 'name' | 'plan'>;

export interface FailedWork extends Omit<Work, 'session' | 'step'> {
  log: Log;
  session: EngineSession | null;
}

/** Opens a sealed password of a credential. */
export function openSecret(keyRing: KeyRing, credentialId: string, sealed: string): Secret {
  return keyRing.open(sealed, secretContext(credentialId));
}

/** Seals a password so that it opens for this credential alone. */
export function sealSecret(keyRing: KeyRing, credentialId: string, password: Secret): string {
  return keyRing.seal(password, secretContext(credentialId));
}
