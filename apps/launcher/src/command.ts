// How a command of the launcher lives: it answers Ctrl-C, says what failed and what to do, and sets the exit code.
import { openTerminal, type Terminal } from './terminal';

/** What a command is given. */
export interface CommandContext {
  /** Of the command line, behind the command. */
  args: string[];
  env: Record<string, string | undefined>;
  terminal: Terminal;
  onInterrupt(handlers: InterruptHandlers): void;
  /** Aborted by the first Ctrl-C. */
  interrupted: AbortSignal;
}

/** What the first Ctrl-C does, and what the second one. */
export interface InterruptHandlers {
  stop(): Promise<void>;
  force(): Promise<void>;
}

// npm hands on the SIGINT that the terminal has sent us already: two signals this close are one Ctrl-C.
const ONE_CTRL_C_MS = 300;
const INTERRUPTED_EXIT_CODE = 130; // as shells have it: 128 + SIGINT

/** Runs a command and ends the process with what it returns, or 1 when it throws. */
export async function runCommand(command: (context: CommandContext) => Promise<number>): Promise<never> {
  const terminal = openTerminal(process.stdout, Boolean(process.env.NO_COLOR));
  const interruption = new AbortController();
  let handlers: InterruptHandlers = { stop: async () => undefined, force: async () => undefined };
  let isForced = false;
  let interruptedAtMs = -ONE_CTRL_C_MS;
  const interrupt = async () => {
    if (isForced || performance.now() - interruptedAtMs < ONE_CTRL_C_MS) return;
    interruptedAtMs = performance.now();
    if (interruption.signal.aborted) {
      isForced = true;
      terminal.say('Ending everything at once.');
      await handlers.force();
      process.exit(INTERRUPTED_EXIT_CODE);
    }
    interruption.abort();
    terminal.say('\nStopping. Once more (Ctrl-C) ends everything at once.');
    await handlers.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void interrupt().catch((error) => exitFailed(terminal, error)));
  }
  try {
    const code = await command({
      args: process.argv.slice(2),
      env: process.env,
      terminal,
      onInterrupt: (given) => {
        handlers = given;
      },
      interrupted: interruption.signal,
    });
    process.exit(code);
  } catch (error) {
    if (interruption.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE); // whatever it threw, that is why
    exitFailed(terminal, error);
  }
}

function exitFailed(terminal: Terminal, error: unknown): never {
  terminal.failed(error instanceof Error ? error.message : String(error));
  const advice = error instanceof Error && 'advice' in error ? String(error.advice) : '';
  if (advice) terminal.say(`  What to do: ${advice}`);
  else if (error instanceof Error && error.stack) terminal.say(error.stack); // not foreseen: whoever mends it needs this
  process.exit(1);
}
