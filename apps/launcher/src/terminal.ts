// What the launcher says: calm lines, each with its time; on a terminal also one live line for what is going on.
import { systemCode } from '@berth/embedded';

export interface Terminal {
  /** A line as it is. */
  say(line?: string): void;
  heading(line: string): void;
  /** What is going on now. Shown on a terminal only, and replaced by whatever is said next. */
  live(line: string): void;
  /** Something that is done, with how long it took, or null where that says nothing. */
  done(line: string, ms: number | null, indent?: number): void;
  failed(line: string): void;
}

const WIDTH = 88;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_MS = 80;
const ERASE_LINE = '\r\x1b[2K';

/** Colours and the live line only where somebody looks (`NO_COLOR` is heeded); plain lines everywhere else. */
export function openTerminal(stream: NodeJS.WritableStream & { isTTY?: boolean }, isPlain: boolean): Terminal {
  const isLooked = stream.isTTY === true;
  const paint = (code: number, text: string) => (isLooked && !isPlain ? `\x1b[${code}m${text}\x1b[0m` : text);
  let spinner: NodeJS.Timeout | null = null;
  stream.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') throw error; // nobody reads any more, as after `| head`: go on in silence
  });
  const clear = () => {
    if (!spinner) return;
    clearInterval(spinner);
    spinner = null;
    stream.write(ERASE_LINE);
  };
  const say = (line = '') => {
    clear();
    stream.write(`${line}\n`);
  };
  return {
    say,
    heading: (line) => say(`\n${paint(1, line)}`),
    live: (line) => {
      if (!isLooked) return;
      clear();
      let turn = 0;
      const draw = () => stream.write(`${ERASE_LINE}${SPINNER[turn++ % SPINNER.length]} ${line}`);
      draw();
      spinner = setInterval(draw, SPINNER_MS).unref();
    },
    done: (line, ms, indent = 0) => {
      const text = `${' '.repeat(indent)}✓ ${line}`;
      const time = ms === null ? '' : formatMs(ms);
      const gap = ' '.repeat(Math.max(1, WIDTH - text.length - time.length));
      say(text.replace('✓', paint(32, '✓')) + (time ? gap + paint(2, time) : ''));
    },
    failed: (line) => say(`${paint(31, '✗')} ${line}`),
  };
}

/** `12 ms` or `3.4 s`. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
