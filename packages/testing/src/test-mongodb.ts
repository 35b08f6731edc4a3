// The server of a run for tenants' databases of the engine `mongodb`: the one that BERTH_TEST_MONGODB_URL names, else a mongod of
// this machine on a private port, else the double. mongodb-memory-server is not tried: it downloads a mongod, and a run needs no
// network.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { findMissing, MONGODB_PROGRAMS, startMongodb } from '@berth/embedded';
import { MongoClient } from 'mongodb';
import { serversPath } from './ensure-program';
import { DOUBLE_VERSION } from './mongodb-double/server-commands';
import { type MongodbDouble, startMongodbDouble } from './mongodb-double/start-double';
import type { TriedOn } from './run-table';

export interface TestMongodb {
  /** Of an admin with the role `root`. */
  url: Secret;
  version: string;
  /** Whether it is MongoDB, or the double. */
  isReal: boolean;
  close(): Promise<void>;
}

const ADMIN = { username: 'root', password: 'root-of-the-tests-5d1e' };
const READY_MS_MAX = 15_000;

/** The server of the run. Close it at the end; one that was named is left running. */
export async function startTestMongodb(home: string): Promise<TestMongodb> {
  const named = process.env.BERTH_TEST_MONGODB_URL;
  if (named !== undefined) {
    return { url: new Secret(named), version: await versionOf(named), isReal: true, close: async () => undefined };
  }
  return hasMongod() ? startMongod(home) : openMongodbDouble();
}

/** A double of one's own, whatever else the machine has; without authorization it asks nobody for a login, without
 * sessions its clients name none, and its answers may hold less than MongoDB's. Close it in afterAll. */
export async function openMongodbDouble(
  hasAuthorization = true,
  hasSessions = true,
  answerBytesMax?: number,
): Promise<TestMongodb & MongodbDouble> {
  const size = answerBytesMax !== undefined && { answerBytesMax };
  const double = await startMongodbDouble({ ...ADMIN, hasAuthorization, hasSessions, ...size });
  return { ...double, url: urlOf(double.port), version: DOUBLE_VERSION, isReal: false };
}

/** What the table at the end of a run says of it. */
export function mongodbTriedOn({ version, isReal }: TestMongodb): TriedOn {
  return { server: 'MongoDB', version, what: isReal ? 'real' : 'a double, never a real one' };
}

function urlOf(port: number): Secret {
  return new Secret(`mongodb://${ADMIN.username}:${ADMIN.password}@127.0.0.1:${port}/admin?authSource=admin`);
}

function hasMongod(): boolean {
  return findMissing(MONGODB_PROGRAMS, serversPath()) === null;
}

/** In a folder of the run. */
async function startMongod(home: string): Promise<TestMongodb> {
  const folder = await mkdtemp(join(home, 'mongodb-'));
  const { url, kill9 } = await startMongodb({ folder, admin: ADMIN, path: serversPath() });
  const close = async () => {
    await kill9();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, version: await versionOf(url.reveal()), isReal: true, close };
}

async function versionOf(url: string): Promise<string> {
  return String((await ask(url, { buildInfo: 1 })).version);
}

async function ask(url: string, command: Record<string, unknown>) {
  const client = new MongoClient(url, { directConnection: true, serverSelectionTimeoutMS: READY_MS_MAX });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}
