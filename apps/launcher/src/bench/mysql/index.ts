// MariaDB in the benchmark of creates; see ../bench-engine.ts for what each part promises.
import { mysql } from '@berth/engines/mysql';
import type { BenchEngine } from '../bench-engine';
import { connect } from './connect';
import { listen } from './listen';
import { describeMade, dropMade, readServer } from './made-objects';
import { mysqlWords } from './tape-words';

export const benchMariadb: BenchEngine = {
  name: 'mysql',
  title: 'MariaDB',
  verbs: mysql,
  listen,
  watchersIn: () => new Set(), // whoever is in the way of a statement is ended over the session that sends it
  words: mysqlWords,
  connect,
  readServer,
  describeMade,
  dropMade,
};
