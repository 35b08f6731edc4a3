// An embedded PostgreSQL: made, kept, killed, brought back. On npm's binaries, in a temporary home.
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { eventually } from '@berth/testing';
import { Client } from 'pg';
import { type Binaries, placeBinaries } from './binaries';
import { ensureHome } from './home';
import { type Postgresql, type PostgresqlOptions, startPostgresql } from './postgresql';

const superuserPassword = new Secret(`p'a"s s/w@rd\\`);
const SETTINGS = { fsync: 'off' };

let home: string;
let binaries: Binaries;
const started: Postgresql[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-postgresql-'));
  await ensureHome(home);
  binaries = await placeBinaries(home);
});

afterAll(async () => {
  await Promise.all(started.map((server) => server.stop('immediate')));
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<PostgresqlOptions> & { name: string }): Promise<Postgresql> {
  const server = await startPostgresql({ home, binaries, superuserPassword, settings: SETTINGS, ...options });
  started.push(server);
  return server;
}

async function ask(url: Secret, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url.reveal() });
  await client.connect();
  try {
    return Object.values((await client.query(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

describe('an embedded PostgreSQL', () => {
  it('is UTF-8, on 127.0.0.1 only, with no way in but the password', async () => {
    const server = await start({ name: 'fresh' });
    expect(await ask(server.url(), 'SHOW server_encoding')).toBe('UTF8');
    expect(await ask(server.url(), 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await ask(server.url(), 'SHOW unix_socket_directories')).toContain(join(home, 'fresh'));
    expect(await ask(server.url(), `SELECT datcollate FROM pg_database WHERE datname = 'postgres'`)).toBe('C.UTF-8');
    expect(
      await ask(server.url(), `SELECT count(*)::int FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'`),
    ).toBe(0);
    const wrong = new URL(server.url().reveal());
    wrong.password = 'wrong';
    await expect(ask(new Secret(wrong.href), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await expect(stat(join(home, 'fresh', 'initial-password'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps its data and its port over a stop, and over a kill -9', async () => {
    const server = await start({ name: 'kept' });
    const { port, pid } = server;
    await ask(server.url(), 'CREATE TABLE kept (n int)');
    await server.stop();
    await server.stop();
    await server.restart();
    await ask(server.url(), 'INSERT INTO kept VALUES (1)');
    await server.kill9();
    await expect(ask(server.url(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await ask(server.url(), 'SELECT count(*)::int FROM kept')).toBe(1);
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    await server.stop();
    expect((await start({ name: 'kept' })).port).toBe(port);
  });

  it('starts over a postmaster.pid whose number belongs to another living process', async () => {
    const server = await start({ name: 'stale' });
    await server.kill9();
    const file = join(server.dataDirectory, 'postmaster.pid');
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [process.pid, ...lines.slice(1)].join('\n'));
    await server.restart();
    expect(await ask(server.url(), 'SELECT 1')).toBe(1);
  });

  it('tells when it dies by itself, and not when it was stopped', async () => {
    const server = await start({ name: 'mortal' });
    let deaths = 0;
    server.onDeath(() => deaths++);
    await server.restart();
    process.kill(server.pid, 'SIGKILL');
    await eventually(() => deaths === 1, { what: 'its death to be told' });
    await server.restart();
    await server.stop();
    expect(deaths).toBe(1);
  });

  it('says so when the port that others know is taken, and moves only if it may', async () => {
    const server = await start({ name: 'moving' });
    const { port } = server;
    await server.stop();
    const squatter = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    try {
      await expect(start({ name: 'moving' })).rejects.toMatchObject({
        code: 'port_taken',
        message: expect.stringContaining(`Port ${port}`),
      });
      expect((await start({ name: 'moving', mayMove: true })).port).not.toBe(port);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it('writes nothing where the user who runs it for root may put a link, and finds the port that an older version kept there', async () => {
    const server = await start({ name: 'linked' });
    const { port } = server;
    await server.stop();
    const [victim, old] = [join(home, 'victim'), join(home, 'linked', 'port')];
    await writeFile(victim, 'as it was');
    await symlink(victim, old);
    const again = await start({ name: 'linked' });
    expect([again.port, await readFile(victim, 'utf8')]).toEqual([port, 'as it was']);
    await again.stop();
    await rm(join(home, 'linked.port'));
    await rm(old);
    await writeFile(old, `${port}\n`);
    expect((await start({ name: 'linked' })).port).toBe(port);
  });

  it('is copied from a template with its data, instead of being made', async () => {
    const template = await start({ name: 'template' });
    await ask(template.url(), 'CREATE TABLE from_template (n int)');
    await template.stop();
    const copy = await start({ name: 'copy', template: template.dataDirectory });
    expect(await ask(copy.url(), 'SELECT count(*)::int FROM from_template')).toBe(0);
  });

  it('is made anew after its making was interrupted', async () => {
    await mkdir(join(home, 'half', 'data.making', 'base'), { recursive: true });
    const server = await start({ name: 'half' });
    expect(await ask(server.url(), 'SELECT 1')).toBe(1);
  });

  it('does without a unix socket where its path would be too long', async () => {
    const name = 'long'.repeat(25);
    const server = await start({ name });
    expect(await ask(server.url(), 'SHOW unix_socket_directories')).toBe('');
  });
});

describe('the programs', () => {
  it('are placed once, also by two at the same time, open to the user who runs them', async () => {
    const folder = await mkdtemp(join(home, 'place-'));
    const [one, two] = await Promise.all([placeBinaries(folder), placeBinaries(folder)]);
    expect(one).toEqual(two);
    expect((await stat(one.postgres)).mode & 0o777).toBe(0o755);
    expect((await stat(join(one.folder, 'lib', 'libpq.so.5'))).isFile()).toBe(true); // a link that npm cannot bring
  });
});
