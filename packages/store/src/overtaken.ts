// A transaction that looked before it locked, and was too late.

/** What it had looked at was taken by another before its commit: nothing was written, and it is to be run again. */
export class Overtaken extends Error {}
