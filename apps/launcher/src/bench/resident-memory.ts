// How much memory processes have in use.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const KB_PER_MB = 1024;

/** Resident megabytes by name; null where neither /proc nor ps tells. */
export async function residentMb(pids: Record<string, number>): Promise<Record<string, number | null>> {
  const read = async ([name, pid]: [string, number]) => [name, await residentMbOf(pid)] as const;
  return Object.fromEntries(await Promise.all(Object.entries(pids).map(read)));
}

async function residentMbOf(pid: number): Promise<number | null> {
  const kb = (await fromProc(pid)) ?? (await fromPs(pid));
  return kb === null ? null : Math.round(kb / KB_PER_MB);
}

async function fromProc(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''); // not Linux, or gone
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? null : Number(found);
}

async function fromPs(pid: number): Promise<number | null> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return Number(stdout.trim()) || null;
}
