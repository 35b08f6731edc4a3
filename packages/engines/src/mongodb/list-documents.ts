// Reads whole collections of any size: a part at a time, for one answer of MongoDB holds 16 MB.
import type { Document } from 'mongodb';
import { type Admin, run } from './admin';

/** Documents of one answer: some MB of ordinary ones. */
const PART_MAX = 10_000;

export interface Asked {
  /** The database, and the collection in it. Its ids are texts. */
  in: string;
  of: string;
  filter?: Document;
  /** The fields that are wanted, each by 1. */
  projection: Document;
}

/**
 * All documents that are meant, by their ids; one that is made or removed meanwhile may be among them or not. Not by a cursor, which
 * is its session's own and is lost with it. A part ends where 16 MB are full as well and says nothing of it, so the last is the
 * one that is empty.
 */
export async function listDocuments(admin: Admin, asked: Asked): Promise<Document[]> {
  const all: Document[] = [];
  for (let after = ''; ; ) {
    const { cursor } = await run(admin, asked.in, {
      find: asked.of,
      filter: { ...asked.filter, _id: { $gt: after } },
      projection: asked.projection,
      sort: { _id: 1 },
      limit: PART_MAX,
      batchSize: PART_MAX,
      singleBatch: true,
    });
    const part: Document[] = cursor.firstBatch;
    const last = part.at(-1);
    if (last === undefined) return all;
    all.push(...part);
    after = String(last._id);
  }
}
