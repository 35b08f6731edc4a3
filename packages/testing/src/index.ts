// What tests of every room use: real servers, stores of their own, waiting without sleeping, a clock that obeys.
export * from './describe-where';
export * from './eventually';
export * from './explained';
export * from './late-writers';
export * from './lesser-admin';
export * from './stack';
export * from './test-clock';
export * from './test-mariadb';
export * from './test-mongodb';
export * from './test-postgresql';
export * from './test-queue';
export * from './test-redis';
export * from './test-redis-cluster';
