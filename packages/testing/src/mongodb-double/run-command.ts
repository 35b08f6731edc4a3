// One command from the wire to its answer. It is known, its fields are known, and its caller may: else it is an error.
import { calculateObjectSize, type Document } from 'bson';
import type { Call, Command } from './command';
import { CommandError } from './command-error';
import { DATA_COMMANDS } from './data-commands';
import { INDEX_COMMANDS } from './index-commands';
import { LOGIN_COMMANDS } from './login-commands';
import { ROLE_COMMANDS } from './role-commands';
import { SERVER_COMMANDS } from './server-commands';
import { type Connection, currentUser, type State } from './state';
import { USER_COMMANDS } from './user-commands';

const COMMANDS: Record<string, Command> = {
  ...LOGIN_COMMANDS,
  ...USER_COMMANDS,
  ...ROLE_COMMANDS,
  ...DATA_COMMANDS,
  ...INDEX_COMMANDS,
  ...SERVER_COMMANDS,
};

/** What a driver may put into any command. */
const OF_EVERY_COMMAND = ['$db', 'lsid', 'maxTimeMS'];

/** The answer, with `ok`. Never rejects: what is refused is answered so. */
export async function runCommand(state: State, connection: Connection, body: Document): Promise<Document> {
  try {
    return demandAnswerable(state, { ...(await perform(state, connection, body)), ok: 1 });
  } catch (error) {
    const refusal = error instanceof CommandError ? error : new CommandError('BadValue', `The double broke: ${error}`);
    return { ok: 0, errmsg: refusal.message, code: refusal.code, codeName: refusal.codeName };
  }
}

/** The server cannot make a document of more, and says so instead of answering a part. */
function demandAnswerable({ answerBytesMax }: State, answer: Document): Document {
  const bytes = calculateObjectSize(answer);
  if (bytes <= answerBytesMax) return answer;
  const message = `BSONObj size: ${bytes} is invalid. Size must be between 0 and ${answerBytesMax}`;
  throw new CommandError('BSONObjectTooLarge', message);
}

async function perform(state: State, connection: Connection, body: Document): Promise<Document> {
  const [name = ''] = Object.keys(body);
  const db: unknown = body.$db;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new CommandError('CommandNotFound', `no such command: '${name}'`);
  const odd = Object.keys(body)
    .slice(1)
    .find((field) => ![...OF_EVERY_COMMAND, ...command.fields].includes(field));
  if (odd !== undefined) throw new CommandError('Location40415', `BSON field '${name}.${odd}' is an unknown field.`);
  const isStranger = state.hasAuthorization && currentUser(state, connection) === null;
  if (isStranger && !command.isForStrangers) {
    throw new CommandError('Unauthorized', `Command ${name} requires authentication`);
  }
  if (typeof db !== 'string') throw new CommandError('BadValue', 'A command needs $db');
  if (command.isAdminOnly && db !== 'admin') {
    throw new CommandError('Unauthorized', `${name} may only be run against the admin database.`);
  }
  const call: Call = { state, connection, db, name, body };
  return command.run(call);
}
