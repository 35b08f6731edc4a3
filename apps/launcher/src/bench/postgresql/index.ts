// PostgreSQL in the benchmark of creates; see ../bench-engine.ts for what each part promises.
import { postgresql } from '@berth/engines/postgresql';
import type { BenchEngine } from '../bench-engine';
import { connect } from './connect';
import { listen } from './listen';
import { describeMade, dropMade, readServer } from './made-objects';
import { postgresqlWords, watchersIn } from './tape-words';

export const benchPostgresql: BenchEngine = {
  name: 'postgresql',
  title: 'PostgreSQL',
  verbs: postgresql,
  listen,
  watchersIn,
  words: postgresqlWords,
  connect,
  readServer,
  describeMade,
  dropMade,
};
