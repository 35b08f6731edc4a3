// How a process lives: its environment, its log, its signals and the order of stopping, its metrics and its health.
export * from './config';
export * from './health';
export * from './lifetime';
export * from './log';
export * from './metrics';
export { METRICS, type MetricName, type MetricSpec } from './metrics-table';
export * from './open-tracing';
export type { SignUpDefaults } from './sign-up-defaults';
export * from './tracing';
export * from './watch-door';
