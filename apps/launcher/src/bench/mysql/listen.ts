// Listens to one connection of a client of MySQL or MariaDB.
import type { Diary, Ears } from '../bench-engine';
import { ANSWER, COMMAND, packetReader, readErrorNumber, readHandshake, readOffered } from './wire';

/**
 * As BenchEngine.listen promises. Where an answer ends is not read from its packets: each packet of it is said to be the last
 * for now, and the driver sends nothing more on this connection before it has seen the true one.
 */
export function listen(session: number, diary: Diary): Ears {
  let phase: 'greeted' | 'opening' | 'open' | 'lost' = 'greeted';
  let offered = 0;
  const lose = (why: string) => {
    diary.giveUp(why);
    phase = 'lost';
  };
  const fromClient = packetReader((body, sequence) => {
    if (phase === 'greeted') {
      const { startup, unreadable } = readHandshake(body, offered);
      if (unreadable !== null) return lose(unreadable);
      diary.begin({ kind: 'open', session, startup, refusal: null });
      phase = 'opening';
    } else if (phase === 'open') {
      const command = body.length === 0 ? null : body.readUInt8(0);
      if (sequence !== 0) lose('a command of more than one packet');
      else if (command === COMMAND.query)
        diary.begin({ kind: 'query', session, sql: body.toString('utf8', 1), values: null });
      else if (command === COMMAND.quit) diary.begin({ kind: 'close', session });
      else lose(`command ${command}`);
    }
  });
  const fromServer = packetReader((body) => {
    const isGreeting = phase === 'greeted' && body.readUInt8(0) === ANSWER.greeting;
    if (isGreeting) offered = readOffered(body);
    if (phase === 'opening') {
      const first = body.readUInt8(0);
      if (first === ANSWER.error) diary.refuse(readErrorNumber(body));
      if (first === ANSWER.ok) phase = 'open';
    }
    diary.answer();
  });
  return { fromClient, fromServer };
}
