// The door for tests that run this app in a process of their own making. Nothing else imports an app.
export { appOf } from './app';
export { listen } from './http/listen';
export { openRateLimits } from './http/rate-limits';
