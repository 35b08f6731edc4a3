// Commands about databases, collections and documents.
import { calculateObjectSize, type Document, ObjectId } from 'bson';
import { type Call, type Command, demand, may, rolesOf } from './command';
import { CommandError } from './command-error';
import {
  changed,
  compareTexts,
  cursorOf,
  documentOf,
  documentsOf,
  isSame,
  matches,
  projected,
  sizeOf,
  textOf,
} from './documents';
import { holdOperation } from './operations';
import { type Collection, demandDatabaseName, dropCollection, findCollection, reachCollection } from './state';
import { userDocument } from './user-commands';

export const DATA_COMMANDS: Record<string, Command> = {
  find: { fields: ['filter', 'projection', 'sort', 'limit', 'batchSize', 'singleBatch'], run: find },
  insert: { fields: ['documents', 'ordered', 'writeConcern'], run: insert },
  update: { fields: ['updates', 'ordered', 'writeConcern'], run: update },
  delete: { fields: ['deletes', 'ordered', 'writeConcern'], run: remove },
  findAndModify: { fields: ['query', 'update', 'upsert', 'new', 'writeConcern'], run: findAndModify },
  create: {
    fields: ['validator', 'validationLevel', 'capped', 'size', 'viewOn', 'pipeline', 'writeConcern'],
    run: create,
  },
  drop: { fields: ['writeConcern'], run: drop },
  collMod: { fields: ['validationLevel', 'writeConcern'], run: collMod },
  listCollections: { fields: ['filter', 'nameOnly'], run: listCollections },
  listDatabases: { fields: ['nameOnly'], isAdminOnly: true, run: listDatabases },
  dropDatabase: { fields: ['writeConcern'], run: dropDatabase },
  dbStats: { fields: [], run: dbStats },
};

/** What an answer has around its batch, and around each document in it, is not more than this. */
const ENVELOPE_BYTES = 400;
const ENTRY_BYTES = 10;
/** Documents of a batch whose size nobody named (https://www.mongodb.com/docs/manual/reference/command/find/). */
const FIRST_BATCH = 101;

/** The one filter that takes time: `{ $where: 'sleep(<ms>) || true' }`. */
const SLEEP = /^sleep\((\d{1,5})\) \|\| true$/;
/** The one stage that fails: `{ $set: { half: { $divide: ['$<a text>', 2] } } }`. */
const HALVES = /^\{"\$set":\{"half":\{"\$divide":\["\$(\w+)",2\]\}\}\}$/;

async function find(call: Call): Promise<Document> {
  const name = textOf(call.body, 'find');
  demand(call, 'find', { db: call.db, collection: name });
  const { $where, ...filter } = documentOf(call.body, 'filter');
  if ($where !== undefined) {
    const [, ms] = SLEEP.exec(String($where)) ?? [];
    if (ms === undefined) throw new CommandError('BadValue', 'The double knows $where for sleeping alone');
    await holdOperation(call, name, Number(ms));
  }
  const found = documentsIn(call, name).filter((each) => matches(each, filter));
  const { limit, batchSize }: Document = call.body;
  // as the server does: a batch that is not sized holds 101 documents, and a single one is all there is
  const most = Math.min(Number(limit ?? 0) || Infinity, Number(batchSize ?? FIRST_BATCH));
  const chosen = sorted(found, documentOf(call.body, 'sort'));
  if (chosen.length > most && !limit && call.body.singleBatch !== true)
    throw new CommandError('BadValue', 'The double keeps no cursors');
  const fields = documentOf(call.body, 'projection');
  const told = Object.keys(fields).length === 0 ? chosen : chosen.map((each) => projected(each, fields));
  const first = fitting(call, told.slice(0, most));
  return { cursor: cursorOf(`${call.db}.${name}`, first) };
}

/** The users are documents too: `admin.system.users`. A view shows what its stages leave. */
function documentsIn({ state, db }: Call, name: string): Document[] {
  if (db === 'admin' && name === 'system.users') return [...state.users.values()].map(userDocument);
  const collection = findCollection(state, db, name);
  if (collection?.options.viewOn === undefined) return collection?.documents ?? [];
  const seen = findCollection(state, db, collection.options.viewOn)?.documents ?? [];
  return documentsOf(collection.options, 'pipeline').reduce(staged, seen);
}

/** Of stages the double knows `$match`, and one that fails where a document has such a field and it is a text: see `HALVES`. */
function staged(left: Document[], stage: Document): Document[] {
  const [, halved] = HALVES.exec(JSON.stringify(stage)) ?? [];
  if (halved !== undefined) {
    if (left.every((each) => typeof each[halved] !== 'string'))
      throw new CommandError('BadValue', 'The double halves nothing');
    throw new CommandError('TypeMismatch', '$divide only supports numeric types, not string and int');
  }
  const { $match, ...others } = stage;
  if (Object.keys(others).length > 0) throw new CommandError('BadValue', 'Views of the double match, and no more');
  return left.filter((each) => matches(each, documentOf({ $match }, '$match')));
}

/** A batch ends before the document that would make it more than an answer holds, and says nothing of it. */
function fitting({ state, body }: Call, batch: Document[]): Document[] {
  const room = state.answerBytesMax - ENVELOPE_BYTES;
  let bytes = 0;
  const over = batch.findIndex((each, place) => {
    bytes += calculateObjectSize(each) + ENTRY_BYTES;
    return place > 0 && bytes > room;
  });
  if (over >= 0 && body.singleBatch !== true) throw new CommandError('BadValue', 'The double keeps no cursors');
  return over < 0 ? batch : batch.slice(0, over);
}

/** Ids alone are sorted by, upwards; those that drivers make grow. */
function sorted(documents: Document[], sort: Document): Document[] {
  if (Object.keys(sort).length === 0) return documents;
  if (!isSame(sort, { _id: 1 })) throw new CommandError('BadValue', 'The double sorts by _id alone');
  return [...documents].sort((one, other) => compareTexts(String(one._id), String(other._id)));
}

function insert(call: Call): Document {
  const name = textOf(call.body, 'insert');
  demand(call, 'insert', { db: call.db, collection: name });
  const documents = documentsOf(call.body, 'documents');
  demandNoView(call, name);
  const collection = reachCollection(call.state, call.db, name);
  const writeErrors: Document[] = [];
  for (const [index, document] of documents.entries()) {
    const refusal = put(collection, { _id: new ObjectId(), ...document }, `${call.db}.${name}`);
    if (refusal === null) continue;
    writeErrors.push({ index, code: refusal.code, errmsg: refusal.message });
    if (call.body.ordered !== false) break;
  }
  return { n: documents.length - writeErrors.length, ...(writeErrors.length > 0 && { writeErrors }) };
}

function demandNoView({ state, db }: Call, name: string): void {
  if (findCollection(state, db, name)?.options.viewOn !== undefined) {
    throw new CommandError('CommandNotSupportedOnView', `Namespace ${db}.${name} is a view, not a collection`);
  }
}

function put(collection: Collection, document: Document, ns: string): CommandError | null {
  if (collection.documents.some(({ _id }) => isSame(_id, document._id))) {
    return new CommandError('DuplicateKey', `E11000 duplicate key error collection: ${ns} index: _id_`);
  }
  collection.documents.push(document);
  return null;
}

function update(call: Call): Document {
  const name = textOf(call.body, 'update');
  let n = 0;
  for (const each of documentsOf(call.body, 'updates')) {
    demandOnly(each, ['q', 'u', 'upsert', 'multi']);
    const { query, operators } = { query: documentOf(each, 'q'), operators: documentOf(each, 'u') };
    n += modify(call, name, query, operators, { isUpsert: each.upsert === true, isMany: each.multi === true }).length;
  }
  return { n, nModified: n };
}

function demandOnly(document: Document, fields: string[]): void {
  const odd = Object.keys(document).find((field) => !fields.includes(field));
  if (odd !== undefined) throw new CommandError('Location40415', `BSON field '${odd}' is an unknown field.`);
}

interface Extent {
  isUpsert: boolean;
  isMany: boolean;
}

/** Changes what is meant, or makes it; returns the documents as they are then. */
function modify(call: Call, name: string, query: Document, operators: Document, { isUpsert, isMany }: Extent) {
  const target = { db: call.db, collection: name };
  demand(call, 'update', target);
  if (isUpsert) demand(call, 'insert', target);
  const standing = findCollection(call.state, call.db, name);
  const meant = (standing?.documents ?? []).filter((each) => matches(each, query)).slice(0, isMany ? undefined : 1);
  if (meant.length > 0 && standing !== null) {
    const after = new Map(meant.map((each) => [each, changed(each, operators, false)]));
    standing.documents = standing.documents.map((each) => after.get(each) ?? each);
    return [...after.values()];
  }
  if (!isUpsert) return [];
  const made = changed({ _id: new ObjectId(), ...query }, operators, true);
  const refusal = put(reachCollection(call.state, call.db, name), made, `${call.db}.${name}`);
  if (refusal !== null) throw refusal;
  return [made];
}

function findAndModify(call: Call): Document {
  const { query, operators } = { query: documentOf(call.body, 'query'), operators: documentOf(call.body, 'update') };
  const name = textOf(call.body, 'findAndModify');
  demand(call, 'find', { db: call.db, collection: name });
  if (call.body.new !== true) throw new CommandError('BadValue', 'The double answers with the new document alone');
  const [value = null] = modify(call, name, query, operators, { isUpsert: call.body.upsert === true, isMany: false });
  return { value, lastErrorObject: { n: value === null ? 0 : 1 } };
}

function remove(call: Call): Document {
  const name = textOf(call.body, 'delete');
  demand(call, 'remove', { db: call.db, collection: name });
  const collection = findCollection(call.state, call.db, name);
  let n = 0;
  for (const each of documentsOf(call.body, 'deletes')) {
    demandOnly(each, ['q', 'limit']);
    const meant = (collection?.documents ?? []).filter((document) => matches(document, documentOf(each, 'q')));
    const gone = new Set(meant.slice(0, Number(each.limit) || undefined));
    if (collection !== null) collection.documents = collection.documents.filter((document) => !gone.has(document));
    n += gone.size;
  }
  return { n };
}

function create(call: Call): Document {
  const name = textOf(call.body, 'create');
  demand(call, ['createCollection', 'insert'], { db: call.db, collection: name });
  const { viewOn, pipeline, validator, validationLevel, capped, size } = call.body;
  const wishes = Object.entries({ viewOn, pipeline, validator, validationLevel, capped, size });
  if (findCollection(call.state, call.db, name) !== null) {
    throw new CommandError('NamespaceExists', `Collection ${call.db}.${name} already exists.`);
  }
  reachCollection(call.state, call.db, name, Object.fromEntries(wishes.filter(([, wish]) => wish !== undefined)));
  return {};
}

function drop(call: Call): Document {
  const name = textOf(call.body, 'drop');
  demand(call, 'dropCollection', { db: call.db, collection: name });
  dropCollection(call.state, call.db, name); // since 7.0 not there is success
  return {};
}

function collMod(call: Call): Document {
  const name = textOf(call.body, 'collMod');
  demand(call, 'collMod', { db: call.db, collection: name });
  if (findCollection(call.state, call.db, name) !== null) return {};
  throw new CommandError('NamespaceNotFound', `ns does not exist: ${call.db}.${name}`);
}

function listCollections(call: Call): Document {
  demand(call, 'listCollections', { db: call.db });
  demandDatabaseName(call.db);
  const filter = documentOf(call.body, 'filter');
  const told = [...(call.state.databases.get(call.db) ?? [])].map(([name, { options, uuid }]) => {
    const type = options.viewOn === undefined ? 'collection' : 'view';
    const info = type === 'view' ? { readOnly: true } : { readOnly: false, uuid };
    return call.body.nameOnly === true ? { name, type } : { name, type, options, info };
  });
  return {
    cursor: cursorOf(
      `${call.db}.$cmd.listCollections`,
      told.filter((each) => matches(each, filter)),
    ),
  };
}

/** All, or those in which the caller has a role. */
function listDatabases(call: Call): Document {
  const isForAll = may(call, 'listDatabases', 'cluster');
  const own = new Set(rolesOf(call)?.map(({ db }) => db));
  const names = [...call.state.databases.keys()].filter((name) => isForAll || own.has(name));
  if (call.body.nameOnly === true) return { databases: names.map((name) => ({ name })) };
  const told = names.map((name) => {
    const collections = [...(call.state.databases.get(name)?.values() ?? [])];
    return {
      name,
      sizeOnDisk: sizeOf(collections.flatMap(({ documents }) => documents)),
      empty: collections.length === 0,
    };
  });
  return { databases: told, totalSize: told.reduce((sum, { sizeOnDisk }) => sum + sizeOnDisk, 0) };
}

function dropDatabase(call: Call): Document {
  demand(call, 'dropDatabase', { db: call.db });
  demandDatabaseName(call.db);
  return call.state.databases.delete(call.db) ? { dropped: call.db } : {};
}

function dbStats(call: Call): Document {
  demand(call, 'dbStats', { db: call.db });
  const collections = [...(call.state.databases.get(call.db)?.values() ?? [])];
  const dataSize = sizeOf(collections.flatMap(({ documents }) => documents));
  const objects = collections.reduce((sum, { documents }) => sum + documents.length, 0);
  const sizes = { dataSize, storageSize: dataSize, indexSize: 0, totalSize: dataSize };
  return { db: call.db, collections: collections.length, objects, ...sizes };
}
