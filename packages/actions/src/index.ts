// What happens: requesting actions, running them, and the synchronous writes of operators.
export { openAccessKey } from './administer/access-secrets';
export {
  createAccess,
  type Issued,
  type NewAccessInput,
  noteUse,
  type Rotation,
  revokeAccess,
  rotateAccess,
  updateAccess,
} from './administer/accesses';
export {
  type Refusal,
  type RefusalsLeftOut,
  recordDeed,
  recordLeftOut,
  recordRefusal,
} from './administer/audit';
export { type ChangeInput, needsAction, updateDatabase } from './administer/databases';
export { createEnvironment, deleteEnvironment, updateEnvironment } from './administer/environments';
export { extendQuarantine } from './administer/extend-quarantine';
export { ensureFirstRows, type FirstRun } from './administer/first-run';
export { createPlan, deletePlan, updatePlan } from './administer/plans';
export { createPool, deletePool, updatePool } from './administer/pools';
export { createProject, deleteProject, updateProject } from './administer/projects';
export { deleteServer, type ServerChange, updateServer } from './administer/servers';
export { type OpenedByLogin, openSession } from './administer/sessions';
export * from './administer/show';
export { type SignUp, signUp } from './administer/sign-up';
export { createTeam, deleteTeam, updateTeam } from './administer/teams';
export { checkKeys } from './check-keys';
export { cleanUp, cleanUpAfter } from './clean-up';
export { connectionUrlOf } from './connection-url';
export { type Context, type OpenedContext, openContext } from './context';
export type { WishedLogin } from './engine-names';
export { type Bites, FORGETTABLE, type Forgettable, forget } from './forget';
export { type Caller, openSecret, type Requestable } from './kind';
export * from './kinds';
export { LET_IN_MAX } from './kinds/login-steps';
export { isHidden, isInsideLimits, isOperator, mayReach, mayReachCredential } from './kinds/subjects';
export { lookAtServers } from './look-at-servers';
export { findAnswer, findFirst, keepAnswer, type Once } from './once';
export { type Preview, previewDatabase } from './preview';
export { type Purged, purge } from './purge';
export { refreshServer } from './refresh-server';
export { request } from './request';
export { type ResealOptions, reseal } from './reseal';
export { type Revealed, revealCredential } from './reveal';
export { type Moment, type RunOptions, run } from './run';
export { cancelAction, retryAction } from './steer';
export { type Swept, sweep } from './sweep';
export { waitForAction } from './wait';
export { watchMeans } from './watch';
export { runWorker, watchConsumer } from './worker';
