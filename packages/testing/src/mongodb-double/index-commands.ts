// Indexes, as far as they are told again: none is used, and of what they promise nothing is kept.
import type { Document } from 'bson';
import { type Call, type Command, demand } from './command';
import { CommandError } from './command-error';
import { cursorOf, documentOf, documentsOf, textOf } from './documents';
import { findCollection, reachCollection } from './state';

export const INDEX_COMMANDS: Record<string, Command> = {
  createIndexes: { fields: ['indexes', 'writeConcern'], run: createIndexes },
  listIndexes: { fields: [], run: listIndexes },
};

/** Of the collection, which is made where it is missing. */
function createIndexes(call: Call): Document {
  const name = textOf(call.body, 'createIndexes');
  demand(call, 'createIndex', { db: call.db, collection: name });
  const asked = documentsOf(call.body, 'indexes');
  for (const index of asked) {
    documentOf(index, 'key');
    textOf(index, 'name');
  }
  const collection = reachCollection(call.state, call.db, name);
  collection.indexes.push(...asked.map((index) => ({ v: 2, ...index })));
  return { numIndexesAfter: collection.indexes.length + 1 };
}

function listIndexes(call: Call): Document {
  const name = textOf(call.body, 'listIndexes');
  demand(call, 'listIndexes', { db: call.db, collection: name });
  const collection = findCollection(call.state, call.db, name);
  if (collection === null) throw new CommandError('NamespaceNotFound', `ns does not exist: ${call.db}.${name}`);
  return { cursor: cursorOf(`${call.db}.${name}`, [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...collection.indexes]) };
}
