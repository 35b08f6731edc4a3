// What happens: requesting actions, running them, and the synchronous writes of operators.
export { ensureFirstRows, type FirstRun } from './administer/first-run';
export { cleanUp } from './clean-up';
export { type Context, type OpenedContext, openContext } from './context';
export { type Caller, openSecret } from './kind';
export * from './kinds';
export { mayReach } from './kinds/subjects';
export { findAnswer, forgetOnce, keepAnswer, type Once } from './once';
export { request } from './request';
export { type Moment, type RunOptions, run } from './run';
export { cancelAction, retryAction } from './steer';
export { type Swept, sweep } from './sweep';
export { waitForAction } from './wait';
export { runWorker } from './worker';
