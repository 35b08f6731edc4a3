// What is remembered: the only importer of the generated client. One file per noun, the sole writer of its state.
export type { Access, NewAccess } from './accesses';
export type { ActionFilter, ActionPlace, ActionView, ActionWithSteps, EndedStep, Step } from './action-reads';
export type { Action, ClaimKey, NewAction, Nudge } from './actions';
export type { AuditEntry, AuditFilter, AuditValue, NewAuditEntry } from './audit';
export type { Environment, Plan, PlanView, Pool, Project, Team } from './catalog';
export type { Credential, CredentialView, Grant } from './credentials';
export type { DatabaseFilter, DatabaseView } from './database-reads';
export type { Database, Measured } from './databases';
export type { KeptRequest } from './idempotency';
export type { Listener } from './listener';
export { migrate } from './migrate';
export type { Page, PageRequest, Placed } from './page';
export type { Server, ServerView } from './servers';
export { type Nouns, openStore, type Store, type StoreOptions } from './store';
export { isStoreUnreachable } from './unreachable';
