// Sends a tape again by the driver alone: the same connections and statements, in the same order, and side by side
// where they were side by side.
import { type BenchEngine, Refusal, type ReplayConnection, type ReplayTarget } from './bench-engine';
import type { Move, Opening, Tape } from './tape';

type Connect = BenchEngine['connect'];

/** Sends every move. Throws when the server lets in whom it refused on the tape, the other way round, or refuses for
 * another reason. */
export async function replayTape(connect: Connect, tape: Tape, target: ReplayTarget): Promise<void> {
  const connections = new Map<number, ReplayConnection>();
  const made: Promise<void>[] = [];
  for (const move of tape) {
    const before = Promise.all(move.after.map((index) => made[index]));
    made.push(before.then(() => make(connect, move, connections, target)));
  }
  try {
    await Promise.all(made);
  } catch (error) {
    await Promise.allSettled(made);
    await Promise.allSettled([...connections.values()].map((connection) => connection.close()));
    throw error;
  }
}

async function make(
  connect: Connect,
  move: Move,
  connections: Map<number, ReplayConnection>,
  target: ReplayTarget,
): Promise<void> {
  switch (move.kind) {
    case 'open': {
      const connection = await open(connect, move, target);
      if (connection) connections.set(move.session, connection);
      return;
    }
    case 'query':
      return connections.get(move.session)?.query(move.sql, move.values);
    case 'close':
      return connections.get(move.session)?.close();
    default:
      return move satisfies never;
  }
}

/** Null for one that was refused as on the tape. */
async function open(connect: Connect, opening: Opening, target: ReplayTarget): Promise<ReplayConnection | null> {
  const { refusal, startup } = opening;
  const met = await connect(opening, target).catch((error: unknown) => {
    if (error instanceof Refusal) return error;
    throw error;
  });
  const found = met instanceof Refusal ? met.code : null;
  if (found !== refusal) {
    if (!(met instanceof Refusal)) await met.close();
    const told = (code: string | null) => (code === null ? 'let in' : `refused with ${code}`);
    throw new Error(
      `"${startup.user}" was ${told(found)} at "${startup.database}", and ${told(refusal)} when it was recorded`,
    );
  }
  return met instanceof Refusal ? null : met;
}
