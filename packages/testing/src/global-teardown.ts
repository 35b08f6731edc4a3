// Once per run, after the last test: stop the servers, remove what they wrote, and say what they were.
import { runTable } from './run-table';

/** Stops what the global setup started. */
export default async function teardown(): Promise<void> {
  await globalThis.berthTestServers?.close();
  process.stderr.write(`\n${runTable(globalThis.berthTriedOn)}`);
}
