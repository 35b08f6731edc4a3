// What happens: requesting actions, running them, and the synchronous writes of operators.
export { ensureFirstRows, type FirstRun } from './administer/first-run';
export { readAdminUrl } from './administer/server-admin';
export { openContext, type Context, type OpenedContext } from './context';
export * from './kinds';
export { mayReach } from './kinds/subjects';
export { openSecret } from './kind';
export { request } from './request';
export { type Moment, run, type RunOptions } from './run';
export { sweep, type Swept } from './sweep';
export { waitForAction } from './wait';
export { runWorker } from './worker';
