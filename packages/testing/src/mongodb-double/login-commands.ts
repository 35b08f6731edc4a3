// Commands by which a client introduces itself and logs in.
import { Binary, type Document } from 'bson';
import type { Call, Command } from './command';
import { CommandError } from './command-error';
import { documentOf, textOf } from './documents';
import { openConversation } from './scram';
import { currentUser, userKey } from './state';

const MECHANISM = 'SCRAM-SHA-256';
const CONVERSATION = 1;
/** What MongoDB 7.0 speaks; the driver asks for at least that of 4.2. */
const WIRE_VERSION_MAX = 21;

const SASL_START_FIELDS = ['mechanism', 'payload', 'autoAuthorize', 'options', 'db'];
const HELLO_FIELDS = [
  'helloOk',
  'client',
  'compression',
  'saslSupportedMechs',
  'speculativeAuthenticate',
  'backpressure',
];

const hello: Command = { fields: HELLO_FIELDS, isForStrangers: true, run: greet };

export const LOGIN_COMMANDS: Record<string, Command> = {
  hello,
  ismaster: hello,
  ping: { fields: [], isForStrangers: true, run: () => ({}) },
  saslStart: { fields: SASL_START_FIELDS, isForStrangers: true, run: (call) => startLogin(call, call.body, call.db) },
  saslContinue: { fields: ['conversationId', 'payload'], isForStrangers: true, run: continueLogin },
  connectionStatus: { fields: [], isForStrangers: true, run: tellLogin },
  // a driver that closes says so; logical sessions hold nothing here
  endSessions: { fields: [], isForStrangers: true, run: () => ({}) },
};

function greet(call: Call): Document {
  const { state, connection, body } = call;
  const client = documentOf(body, 'client');
  const application: unknown = documentOf(client, 'application').name;
  if (typeof application === 'string') connection.appName = application;
  const asked: unknown = body.saslSupportedMechs;
  const isKnown = typeof asked === 'string' && state.users.has(asked);
  return {
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    ...(state.hasSessions && { logicalSessionTimeoutMinutes: 30 }),
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION_MAX,
    readOnly: false,
    ...(isKnown && { saslSupportedMechs: [MECHANISM] }),
    ...('speculativeAuthenticate' in body && speculate(call, documentOf(body, 'speculativeAuthenticate'))),
  };
}

/** The first step of a login within hello. One that fails is left out: the client then asks aloud. */
function speculate(call: Call, start: Document): Document {
  try {
    return { speculativeAuthenticate: startLogin(call, start, textOf(start, 'db')) };
  } catch {
    return {};
  }
}

function startLogin({ state, connection }: Call, start: Document, db: string): Document {
  if (textOf(start, 'mechanism') !== MECHANISM) {
    throw new CommandError('BadValue', `Received authentication for mechanism ${start.mechanism} which is not enabled`);
  }
  const find = (user: string) => state.users.get(userKey(db, user)) ?? null;
  const conversation = openConversation(payloadOf(start), (user) => find(user)?.verifier ?? null);
  connection.conversation = conversation;
  connection.skipsEmptyExchange = documentOf(start, 'options').skipEmptyExchange === true;
  const user = find(conversation.user);
  connection.claimed = user && { userId: user.userId, name: user.name, db: user.db };
  return step(conversation.first, false);
}

function continueLogin({ connection, body }: Call): Document {
  const { conversation } = connection;
  const payload = payloadOf(body);
  if (body.conversationId !== CONVERSATION) throw new CommandError('AuthenticationFailed', 'Authentication failed.');
  if (conversation === null && payload === '' && connection.login !== null) return step('', true);
  connection.conversation = null; // a proof is tried once
  connection.login = null;
  if (conversation === null) throw new CommandError('AuthenticationFailed', 'Authentication failed.');
  const last = conversation.answer(payload);
  connection.login = connection.claimed;
  return step(last, connection.skipsEmptyExchange);
}

function tellLogin({ state, connection }: Call): Document {
  const user = currentUser(state, connection);
  return {
    authInfo: {
      authenticatedUsers: user === null ? [] : [{ user: user.name, db: user.db }],
      authenticatedUserRoles: user?.roles ?? [],
    },
  };
}

function payloadOf(body: Document): string {
  const payload: unknown = body.payload;
  if (!(payload instanceof Binary)) throw new CommandError('BadValue', "'payload' has to be binary");
  return Buffer.from(payload.buffer).toString('utf8');
}

function step(payload: string, done: boolean): Document {
  return { conversationId: CONVERSATION, done, payload: new Binary(Buffer.from(payload)) };
}
