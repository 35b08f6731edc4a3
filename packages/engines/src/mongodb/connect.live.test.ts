// One connection: its limits of time, and what becomes of it when the server falls silent.
import { connect } from 'node:net';
import { openMongodbDouble, type TestMongodb } from '@berth/testing';
import { refusalOf } from '../conformance/ground';
import { listen } from '../conformance/server';
import type { ServerAddress } from '../contract';
import { type Connection, openConnection } from './connect';
import { liveServer } from './live-server';

const SLEEP = { find: 'notes', filter: { $where: 'sleep(19000) || true' } };
const opened: { close(): Promise<void> }[] = [];
let double: TestMongodb;

beforeAll(async () => {
  double = await openMongodbDouble();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
afterAll(() => double?.close());

async function open(to: Partial<ServerAddress> = {}, claim = { leftMs: 20_000 }): Promise<Connection> {
  const { username, password, ...address } = liveServer(double.url.reveal()).admin;
  const login = { username, password };
  const target = { address: { ...address, ...to }, login, applicationName: 'berth' };
  const connection = await openConnection(target, () => claim.leftMs);
  opened.push(connection);
  return connection;
}

test('a command takes no longer on the server than the claim has left, and the connection goes on', async () => {
  const claim = { leftMs: 20_000 };
  const connection = await open({}, claim);
  claim.leftMs = 100;
  expect(await refusalOf(connection.command('shop', SLEEP))).toBe('deadline_passed');
  claim.leftMs = 20_000;
  await connection.command('shop', { find: 'notes' });
});

test('a server that takes a command and never answers is given up, and not come back to', async () => {
  const { port } = liveServer(double.url.reveal()).admin;
  let isMute = false;
  const relay = await listen((incoming) => {
    const outgoing = connect(port, '127.0.0.1').on('error', () => undefined);
    incoming.pipe(outgoing).on('data', (bytes) => isMute || incoming.write(bytes));
    incoming.on('close', () => outgoing.destroy());
  });
  const claim = { leftMs: 20_000 };
  const connection = await open({ port: relay.port }, claim);
  await connection.command('shop', { find: 'notes' });
  isMute = true;
  claim.leftMs = 100;
  expect(await refusalOf(connection.command('shop', { find: 'notes' }))).toBe('server_unreachable');
  isMute = false;
  claim.leftMs = 20_000;
  const connections = relay.count();
  expect(await refusalOf(connection.command('shop', { find: 'notes' }))).toBe('server_unreachable');
  expect(relay.count()).toBe(connections);
  await relay.close();
});

test('a server that hangs up on TLS is told of as one that offers none', async () => {
  const opening = open({ host: 'localhost', tls: 'require' });
  await expect(opening).rejects.toMatchObject({
    code: 'server_unreachable',
    message: expect.stringMatching(/offers none/),
  });
});
