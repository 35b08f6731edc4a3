// Keys, passwords and tokens on disk: made once, for their owner alone, never half.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { ensureSecretFile, replacePrivateFile } from './private-file';
import { readyFileOf, removeReadyFile, writeReadyFile } from './ready-file';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-private-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('a secret on disk', () => {
  it('is made once, with mode 0600, and stays', async () => {
    const path = join(folder, 'token');
    expect((await ensureSecretFile(path, () => new Secret('first'))).reveal()).toBe('first');
    expect((await ensureSecretFile(path, () => new Secret('second'))).reveal()).toBe('first');
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(folder)).toEqual(['token']);
  });

  it('is the same for ten who make it at once', async () => {
    const path = join(folder, 'keys');
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, i) => ensureSecretFile(path, () => new Secret(`key-${i}`))),
    );
    expect(new Set(made.map((secret) => secret.reveal())).size).toBe(1);
    expect(await readdir(folder)).toEqual(['keys']);
  });

  it('does not take over the mode of a file that it replaces', async () => {
    const path = join(folder, 'ready.json');
    await writeFile(path, 'old', { mode: 0o644 });
    await replacePrivateFile(path, 'new');
    expect(await modeOf(path)).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe('new\n');
  });
});

describe('ready.json', () => {
  it('says where everything is, exactly, for its owner alone, and can be removed twice', async () => {
    const [token, storeUrl, serverUrl] = [
      new Secret('berth_t'),
      new Secret('postgres://s'),
      new Secret('postgres://t'),
    ];
    await writeReadyFile(folder, {
      apiUrl: 'http://127.0.0.1:1',
      metricsUrls: { api: 'http://127.0.0.1:2' },
      token,
      storeUrl,
      serverUrl,
    });
    expect(JSON.parse(await readFile(readyFileOf(folder), 'utf8'))).toEqual({
      api_url: 'http://127.0.0.1:1',
      metrics_urls: { api: 'http://127.0.0.1:2' },
      token: 'berth_t',
      store_url: 'postgres://s',
      server_url: 'postgres://t',
      pid: process.pid,
    });
    expect(await modeOf(readyFileOf(folder))).toBe(0o600);
    await removeReadyFile(folder);
    await removeReadyFile(folder);
    expect(await readdir(folder)).toEqual([]);
  });
});
