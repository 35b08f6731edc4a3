// An embedded Berth: PostgreSQL from npm's binaries, and the processes of one machine that live and die together.
export * from './binaries';
export * from './data-directory';
export * from './home';
export * from './launch-error';
export * from './port';
export * from './postgresql';
