// What takes time, is seen in $currentOp, and can be killed: by its number, by its user, or by its own maxTimeMS.
import type { Call } from './command';
import { CommandError } from './command-error';

/** Holds the caller's connection for so long. Throws `Interrupted` when it is killed, `MaxTimeMSExpired` when it takes too long. */
export async function holdOperation({ state, connection, db, body }: Call, collection: string, ms: number) {
  const maxTimeMs: unknown = body.maxTimeMS;
  const expired = new CommandError('MaxTimeMSExpired', 'operation exceeded time limit');
  const timers: NodeJS.Timeout[] = [];
  state.operations += 1;
  const id = state.operations;
  try {
    await new Promise<void>((resolve, reject) => {
      const kill = () => reject(new CommandError('Interrupted', 'operation was interrupted'));
      connection.operation = { id, ns: `${db}.${collection}`, hasSession: body.lsid !== undefined, kill };
      timers.push(setTimeout(resolve, ms));
      if (typeof maxTimeMs === 'number' && maxTimeMs > 0) timers.push(setTimeout(() => reject(expired), maxTimeMs));
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    connection.operation = null;
  }
}
