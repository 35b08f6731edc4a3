// Commands about the server: what it is, what runs on it, and how that is ended. killAllSessions ends what runs and nothing
// else: a connection that does nothing stays open and logged in, as on MongoDB.
// https://www.mongodb.com/docs/manual/reference/command/killAllSessions/
import { type Document, Long } from 'bson';
import { type Call, type Command, demand } from './command';
import { CommandError } from './command-error';
import { documentOf, documentsOf, isSame, matches, textOf } from './documents';
import { type Connection, type State, userKey } from './state';

/** What buildInfo tells: the version whose answers are given here, and that it is not that. */
export const DOUBLE_VERSION = '7.0.0-double';

export const SERVER_COMMANDS: Record<string, Command> = {
  buildInfo: { fields: [], isForStrangers: true, run: () => ({ version: DOUBLE_VERSION }) },
  serverStatus: { fields: [], isAdminOnly: true, run: serverStatus },
  aggregate: { fields: ['pipeline', 'cursor'], isAdminOnly: true, run: currentOp },
  killOp: { fields: ['op'], isAdminOnly: true, run: killOp },
  killAllSessions: { fields: [], isAdminOnly: true, run: killAllSessions },
};

function serverStatus(call: Call): Document {
  demand(call, 'serverStatus', 'cluster');
  const current = call.state.connections.size;
  return { connections: { current, available: call.state.connectionsMax - current } };
}

/** The only pipelines that are spoken: `$currentOp` of everybody, with those who do nothing or without, then what narrows it. */
function currentOp(call: Call): Document {
  const [stage, ...narrowing] = documentsOf(call.body, 'pipeline');
  const formOf = (idleConnections: boolean) => ({ $currentOp: { allUsers: true, idleConnections } });
  const hasIdle = isSame(stage, formOf(true));
  if (call.body.aggregate !== 1 || !(hasIdle || isSame(stage, formOf(false)))) {
    throw new CommandError('BadValue', 'The double aggregates $currentOp alone');
  }
  demand(call, 'inprog', 'cluster');
  const all = [...call.state.connections].map((connection) => told(connection, call.connection));
  const seen = all.filter(({ active }) => hasIdle || active === true);
  return { cursor: { id: Long.ZERO, ns: 'admin.$cmd.aggregate', firstBatch: narrowing.reduce(narrowed, seen) } };
}

/**
 * `$match`, `$project` of whole fields, `$sort` by a field that is true or false, those that are true first, `$limit`, and how
 * many connections each user has.
 */
function narrowed(seen: Document[], stage: Document): Document[] {
  const [[name, how] = ['', null]] = Object.entries(stage);
  if (isSame(stage, UNWIND)) {
    return seen.flatMap((each) =>
      (each.effectiveUsers ?? []).map((user: Document) => ({ ...each, effectiveUsers: user })),
    );
  }
  if (isSame(stage, GROUP)) return counted(seen.map((each) => each.effectiveUsers));
  if (name === '$match') return seen.filter((each) => matches(each, documentOf(stage, name)));
  if (name === '$limit' && typeof how === 'number') return seen.slice(0, how);
  const fields = Object.keys(documentOf(stage, name));
  if (name === '$project' && fields.every((field) => how[field] === 1)) {
    return seen.map((each) => Object.fromEntries(Object.entries(each).filter(([field]) => fields.includes(field))));
  }
  const [field] = fields;
  if (name !== '$sort' || fields.length !== 1 || field === undefined || how[field] !== -1) {
    throw new CommandError('BadValue', `The double knows no such stage: ${name}`);
  }
  return [...seen].sort((one, other) => Number(other[field] === true) - Number(one[field] === true));
}

const UNWIND = { $unwind: '$effectiveUsers' };
const GROUP = { $group: { _id: '$effectiveUsers', count: { $sum: 1 } } };

function counted(users: Document[]): Document[] {
  const counts = new Map<string, Document>();
  for (const _id of users) {
    const key = userKey(String(_id.db), String(_id.user));
    counts.set(key, { _id, count: Number(counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** Whoever logged in is named also where its connection does nothing, and also once it was dropped. */
function told({ id, appName, login, operation }: Connection, asking: Connection): Document {
  const isAsking = id === asking.id;
  return {
    type: 'op',
    desc: `conn${id}`,
    connectionId: id,
    appName,
    active: operation !== null || isAsking,
    ...(login !== null && { effectiveUsers: [{ user: login.name, db: login.db }] }),
    ...(operation !== null && { opid: operation.id, ns: operation.ns, op: 'query' }),
    ...(isAsking && { opid: 0, ns: 'admin.$cmd.aggregate', op: 'command' }),
  };
}

function killOp(call: Call): Document {
  demand(call, 'killop', 'cluster');
  for (const { operation } of call.state.connections) if (operation?.id === call.body.op) operation?.kill();
  return { info: 'attempting to kill op' };
}

function killAllSessions(call: Call): Document {
  demand(call, 'killAnySession', 'cluster');
  const users = documentsOf(call.body, 'killAllSessions').map((user) => [textOf(user, 'user'), textOf(user, 'db')]);
  for (const [name, db] of users) endOperationsOf(call.state, name ?? '', db ?? '');
  return {};
}

function endOperationsOf(state: State, name: string, db: string): void {
  for (const { login, operation } of state.connections) {
    if (login?.name === name && login.db === db && operation?.hasSession) operation.kill();
  }
}
