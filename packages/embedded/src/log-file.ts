// The log files of what we start: opened for adding, readable by their owner alone, quoted when something fails.
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

/** A log file open for adding. `tail` quotes what came since it was opened; close it when the writer has its own copy. */
export interface LogFile {
  path: string;
  fd: number;
  tail(lines?: number): string;
  close(): void;
}

const OLD_LOG_BYTES = 10_000_000; // kept once, as `<name>.log.1`, when a process starts: enough to look back on
const TAIL_BYTES = 16_384;
const TAIL_LINES = 12;

/** Opens `path` for adding, with mode 0600. */
export function openLogFile(path: string): LogFile {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > OLD_LOG_BYTES) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  const start = fstatSync(fd).size;
  return {
    path,
    fd,
    tail: (lines = TAIL_LINES) => readTail(path, start, lines),
    close: () => closeSync(fd),
  };
}

function readTail(path: string, start: number, lines: number): string {
  const fd = openSync(path, 'r');
  try {
    const end = fstatSync(fd).size;
    const from = Math.max(start, end - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, end - from));
    readSync(fd, bytes, 0, bytes.length, from);
    return bytes.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(fd);
  }
}
