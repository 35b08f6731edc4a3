// ready.json: how a script learns that an embedded Berth is up, and where. There exactly while it is.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '@berth/core';
import { replacePrivateFile } from './private-file';

export interface ReadyFacts {
  apiUrl: string;
  metricsUrls: Record<string, string>;
  token: Secret;
  storeUrl: Secret;
  serverUrl: Secret;
}

/** Where it is in a home. */
export function readyFileOf(home: string): string {
  return join(home, 'ready.json');
}

/** Writes it by rename, mode 0600. It holds secrets in the clear, for the owner of the home. */
export async function writeReadyFile(home: string, facts: ReadyFacts): Promise<void> {
  const content = {
    api_url: facts.apiUrl,
    metrics_urls: facts.metricsUrls,
    token: facts.token.reveal(),
    store_url: facts.storeUrl.reveal(),
    server_url: facts.serverUrl.reveal(),
    pid: process.pid,
  };
  await replacePrivateFile(readyFileOf(home), JSON.stringify(content));
}

/** Removes it; done before a start and at a stop. Safe to repeat. */
export async function removeReadyFile(home: string): Promise<void> {
  await rm(readyFileOf(home), { force: true });
}
