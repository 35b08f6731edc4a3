// Small files for their owner alone (mode 0600), whole or not there at all: keys, passwords, the token, ready.json.
import { link, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Secret } from '@berth/core';
import { systemCode } from './launch-error';

/** The secret kept at `path`, made by `make` if there is none yet. Safe to repeat: what is there stays. */
export async function ensureSecretFile(path: string, make: () => Secret): Promise<Secret> {
  const found = await readIfThere(path);
  if (found) return found;
  await writeWhole(path, make().reveal(), link); // link, unlike rename, never replaces one made meanwhile
  const made = await readIfThere(path);
  if (!made) throw new Error(`${path} is empty`);
  return made;
}

/** Writes or replaces the file at once: nobody ever reads a half of it. */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  await writeWhole(path, text, rename);
}

async function readIfThere(path: string): Promise<Secret | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return text === '' ? null : new Secret(text);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function writeWhole(path: string, text: string, put: (from: string, to: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(dirname(path), '.writing-'));
  const file = join(folder, 'file');
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${text}\n`);
      await handle.sync(); // losing the keys in a power cut would lose every password sealed with them
    } finally {
      await handle.close();
    }
    await put(file, path);
  } catch (error) {
    if (put !== link || systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
