// An embedded Berth: PostgreSQL from npm's binaries, and the processes of one machine that live and die together.
export * from './app-process';
export * from './binaries';
export * from './data-directory';
export * from './home';
export * from './home-lock';
export * from './launch-error';
export * from './mariadb';
export * from './mongodb';
export * from './port';
export * from './postgresql';
export * from './private-file';
export * from './programs';
export * from './ready-file';
export * from './stack';
export * from './temporary-home';
export * from './tied-process';
