// How a process lives: its environment, its log, its signals and the order of stopping.
export * from './config';
export * from './lifetime';
export * from './log';
