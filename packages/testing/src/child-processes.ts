// Which processes a process has started and not outlived. Reads /proc; where there is none (macOS) it sees nothing.
import { readdir, readFile } from 'node:fs/promises';

export interface ChildProcess {
  pid: number;
  command: string;
}

/** The living children of `parentPid`, without zombies. Empty on a system without /proc. */
export async function childProcesses(parentPid: number): Promise<ChildProcess[]> {
  const names = await readdir('/proc').catch(() => []); // no /proc: nothing to see, as the header says
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const children = await Promise.all(pids.map((pid) => ifChildOf(parentPid, pid)));
  return children.filter((child) => child !== null);
}

async function ifChildOf(parentPid: number, pid: number): Promise<ChildProcess | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // "123 (name that may hold ) and spaces) S 1 …": state and parent come after the last parenthesis
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) !== parentPid || state === 'Z') return null;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return { pid, command: command.replaceAll('\0', ' ').trim() };
  } catch {
    return null; // it ended between the two looks
  }
}
