// What an engine is to the benchmark of creates: how to listen to its clients, to send again what was heard, and to see what
// that made. One folder beside this file per engine.
import type { EngineName, Secret } from '@berth/core';
import type { Engine } from '@berth/engines/contract';
import type { HeardMove, Opening, TapeWords } from './tape';

/** Everything the benchmark makes is called something that begins so. */
export const PREFIX = 'bench_';

export interface BenchEngine {
  name: EngineName;
  /** As people call it: `MariaDB`. */
  title: string;
  /** The engine's verbs. */
  verbs: Engine;
  /** Listens to one connection. */
  listen(session: number, diary: Diary): Ears;
  /** Sessions of a recorded create that another create does not have, and so are no part of one. */
  watchersIn(moves: HeardMove[]): Set<number>;
  /** How its statements spell names, and what in them differs from one create to the next. */
  words: TapeWords;
  /** Opens a connection by the driver alone, as `opening` was. Throws Refusal where the server refuses it. */
  connect(opening: Opening, target: ReplayTarget): Promise<ReplayConnection>;
  readServer(serverUrl: Secret): Promise<ServerReading>;
  /** What a create left on the server, as text; without anything that differs only by when it was made. */
  describeMade(serverUrl: Secret, name: string): Promise<string>;
  /** Drops whatever begins with PREFIX. The store is not told: its home is thrown away at the end. */
  dropMade(serverUrl: Secret): Promise<void>;
}

/** Where the ears of one connection write down what they hear: one move at a time. */
export interface Diary {
  begin(move: HeardMove): void;
  /** The server answered, for now the last of its answer. Said again when there was more. */
  answer(): void;
  /** The server refused the connection that is being opened, with this code. */
  refuse(code: string): void;
  /** Something was said that the ears do not understand: this recording is worth nothing. */
  giveUp(why: string): void;
}

/** Both directions of one connection, in chunks as they come. */
export interface Ears {
  fromClient(chunk: Buffer): void;
  fromServer(chunk: Buffer): void;
}

/** Where to send a tape, and who they are: the passwords of the logins on it. */
export interface ReplayTarget {
  host: string;
  port: number;
  passwordOf(user: string): Secret;
}

export interface ReplayConnection {
  query(sql: string, values: (string | null)[] | null): Promise<void>;
  close(): Promise<void>;
}

/** A connection that the server refused; any other error is the replay's own failure. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`The server refused the connection: ${code}`);
    this.code = code;
    this.name = 'Refusal';
  }
}

export interface ServerReading {
  version: string;
  /** The settings that make a commit last, as they are. */
  durability: Record<string, string>;
  /** Whether all of them are as on a server that loses nothing. */
  isDurable: boolean;
}
