// Commands about the server: what it is, what runs on it, and how that is ended. killAllSessions ends what runs and nothing
// else: a connection that does nothing stays open and logged in, as on MongoDB.
// https://www.mongodb.com/docs/manual/reference/command/killAllSessions/
import { type Document, Long } from 'bson';
import { type Call, type Command, demand } from './command';
import { CommandError } from './command-error';
import { documentOf, documentsOf, isSame, matches, textOf } from './documents';
import type { Connection, State } from './state';

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

/** The only pipeline that is spoken: `$currentOp` of everybody, with those who do nothing or without, then perhaps `$match`. */
function currentOp(call: Call): Document {
  const [stage, match, ...more] = documentsOf(call.body, 'pipeline');
  const formOf = (idleConnections: boolean) => ({ $currentOp: { allUsers: true, idleConnections } });
  const hasIdle = isSame(stage, formOf(true));
  if (call.body.aggregate !== 1 || !(hasIdle || isSame(stage, formOf(false))) || more.length > 0) {
    throw new CommandError('BadValue', 'The double aggregates $currentOp alone');
  }
  demand(call, 'inprog', 'cluster');
  const filter = match === undefined ? {} : documentOf(match, '$match');
  const all = [...call.state.connections].map((connection) => told(connection, call.connection));
  const seen = all.filter(({ active }) => hasIdle || active === true);
  return {
    cursor: { id: Long.ZERO, ns: 'admin.$cmd.aggregate', firstBatch: seen.filter((each) => matches(each, filter)) },
  };
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
    if (login?.name === name && login.db === db) operation?.kill();
  }
}
