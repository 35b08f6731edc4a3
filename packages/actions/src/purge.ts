// What was deleted and kept is dropped when its days in quarantine are over. What is protected stays.
import { codeOf } from '@berth/core';
import type { Context } from './context';
import { databaseDelete } from './kinds';
import { request } from './request';

export interface Purged {
  /** Drops that were requested now. */
  requested: number;
  /** Databases whose days are over, and which deletion protection keeps. */
  protectedCount: number;
}

/** One run requests this many drops; the longest overdue come first, the others have their turn in the next run. */
const PURGE_MAX = 50;

/** A drop that failed for good is asked for again after this time: by then its server may have been mended. */
const PURGE_AGAIN_MS = 24 * 60 * 60 * 1000;

/** What may come between the look and the request: somebody restores, keeps longer, protects or drops it. */
const OVERTAKEN = ['contradicts', 'protected', 'not_found'];

/**
 * Null when another maintenance process is at it. Safe to repeat and to race: each request looks at its database again,
 * under a lock on its row.
 */
export async function purge(context: Context): Promise<Purged | null> {
  const purged: Purged = { requested: 0, protectedCount: 0 };
  const ran = await context.store.exclusively('berth purge', async (tx) => {
    const now = context.clock.now();
    const { ids, protectedCount } = await tx.databases.listToPurge(
      now,
      new Date(now.getTime() - PURGE_AGAIN_MS),
      PURGE_MAX,
    );
    purged.protectedCount = protectedCount;
    for (const databaseId of ids) if (await requestDrop(context, databaseId, now)) purged.requested += 1;
  });
  return ran ? purged : null;
}

async function requestDrop(context: Context, databaseId: string, dueAt: Date): Promise<boolean> {
  try {
    await request(context, databaseDelete, { databaseId, dueAt }, null);
    return true;
  } catch (error) {
    if (OVERTAKEN.includes(codeOf(error))) return false;
    throw error;
  }
}
