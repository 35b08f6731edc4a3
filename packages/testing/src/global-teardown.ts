// Once per run, after the last test: stop the servers and remove what they wrote.

/** Stops what the global setup started. */
export default async function teardown(): Promise<void> {
  await globalThis.berthTestServers?.close();
}
