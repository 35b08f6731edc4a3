// First rows for a store of one's own: BERTH_STORE_URL=… npm run seed. Prints the first token, once.
// Safe to repeat: what is there, or was deleted, stays so; each run makes one more token, which is how to get back in.
import { ensureFirstRows } from '@berth/actions';
import { Secret } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { migrate, openStore } from '@berth/store';

export interface SeedOptions {
  storeUrl: Secret;
  token: Secret;
}

/** Brings the store up to date and makes what is missing. `poolName` takes servers of the environment `development`. */
export async function seed({ storeUrl, token }: SeedOptions): Promise<{ poolName: string; made: string[] }> {
  await migrate(storeUrl, 'apply');
  const store = openStore({ url: storeUrl, connectionsMax: 2, process: 'seed' });
  try {
    const { poolNames, made } = await ensureFirstRows(store, token, 'operator@localhost');
    return { poolName: poolNames.development ?? '', made };
  } finally {
    await store.close();
  }
}

const USAGE = `npm run seed

Brings the store of BERTH_STORE_URL up to date, makes what is missing of the first rows (a team with its project, environments,
plans and pools), and prints a new token with all scopes, shown only then. Each run makes one more token. It takes no options.`;

async function main(args: string[]): Promise<void> {
  const [first] = args;
  if (first === '--help' || first === '-h') {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (first !== undefined)
    throw new Error(`npm run seed takes no options: "${first}". npm run seed -- --help says more.`);
  const storeUrl = process.env.BERTH_STORE_URL ?? '';
  if (storeUrl === '') throw new Error('Set BERTH_STORE_URL to the store (see .env.example), then run this again.');
  const token = makeToken();
  const { poolName, made } = await seed({ storeUrl: new Secret(storeUrl), token });
  process.stdout.write(
    `Made: ${made.join(', ')}.\nIts token, shown only now:\n${token.reveal()}\nRegister a server next: POST /v1/servers with "pool": "${poolName || 'one of GET /v1/pools'}".\n`,
  );
}

if (process.argv[1]?.endsWith('seed.ts') === true) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
