// What is true: nouns, states, errors, Secret, ids, clock, events. No I/O; imports nothing of ours.
export * from './access';
export * from './action';
export * from './clock';
export * from './credential';
export * from './database';
export * from './engine';
export * from './errors';
export * from './event';
export * from './ids';
export * from './secret';
export * from './server';
export * from './span';
export * from './turns';
export * from './within';
