// Listens to one connection of a PostgreSQL client.
import type { Diary, Ears } from '../bench-engine';
import { messageReader, readBind, readErrorCode, readStartup, readText } from './wire';

/** As BenchEngine.listen promises. A query has ended when the server is ready for the next one. */
export function listen(session: number, diary: Diary): Ears {
  let isOpening = false;
  let sql = '';
  const fromClient = messageReader(true, (type, body) => {
    if (type === 'startup') diary.begin({ kind: 'open', session, startup: readStartup(body), refusal: null });
    if (type === 'Q') diary.begin({ kind: 'query', session, sql: readText(body, 0), values: null });
    if (type === 'P') sql = readText(body, 1);
    if (type === 'B') diary.begin({ kind: 'query', session, sql, values: readBind(body) });
    if (type === 'X') diary.begin({ kind: 'close', session });
    isOpening = type === 'startup' || (isOpening && type === 'p'); // a password
  });
  const fromServer = messageReader(false, (type, body) => {
    const isRefusal = type === 'E' && isOpening;
    if (isRefusal) diary.refuse(readErrorCode(body));
    if (type === 'Z' || isRefusal) diary.answer();
  });
  return { fromClient, fromServer };
}
