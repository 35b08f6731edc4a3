// Sends a tape again by the driver alone: the same connections and statements, in the same order, and side by side
// where they were side by side.
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import type { Asking, Closing, Move, Opening, Tape } from './tape';

/** Where to send it, and who they are: the passwords of the logins on the tape. */
export interface ReplayTarget {
  host: string;
  port: number;
  passwordOf(user: string): Secret;
}

/** Sends every move. Throws when the server lets in whom it refused on the tape, or the other way round. */
export async function replayTape(tape: Tape, target: ReplayTarget): Promise<void> {
  const clients = new Map<number, Client>();
  const made: Promise<void>[] = [];
  for (const move of tape) {
    made.push(Promise.all(move.after.map((index) => made[index])).then(() => make(move, clients, target)));
  }
  await Promise.all(made);
}

async function make(move: Move, clients: Map<number, Client>, target: ReplayTarget): Promise<void> {
  switch (move.kind) {
    case 'open':
      return open(move, clients, target);
    case 'query':
      return ask(move, clients);
    case 'close':
      return close(move, clients);
    default:
      return move satisfies never;
  }
}

async function open({ session, startup, isRefused }: Opening, clients: Map<number, Client>, target: ReplayTarget) {
  const { user = '', database = '', application_name = '', options = '' } = startup;
  const client = new Client({
    host: target.host,
    port: target.port,
    ssl: false,
    user,
    password: target.passwordOf(user).reveal(),
    database,
    application_name,
    options,
    statement_timeout: Number(startup.statement_timeout ?? 0),
    idle_in_transaction_session_timeout: Number(startup.idle_in_transaction_session_timeout ?? 0),
    keepAlive: true,
  });
  client.on('error', () => undefined); // the next statement tells
  clients.set(session, client);
  const wasRefused = await client.connect().then(
    () => false,
    (error: Error) => {
      if (!isRefused) throw error;
      return true;
    },
  );
  if (wasRefused !== isRefused) throw new Error(`"${user}" was let into "${database}", which had refused it`);
}

async function ask({ session, sql, values }: Asking, clients: Map<number, Client>): Promise<void> {
  if (values === null) await clients.get(session)?.query(sql);
  else await clients.get(session)?.query(sql, values);
}

async function close({ session }: Closing, clients: Map<number, Client>): Promise<void> {
  await clients.get(session)?.end();
}
