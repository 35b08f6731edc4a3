// The part of the demo that people fear most, a delete: with a session that keeps writing, and undone afterwards.
import { type DemoContext, demoFailed, type Login } from './demo-context';
import { followAction } from './follow-action';
import { isRefused, openVisitor } from './visitor';
import type { Visitor } from './visits';

interface Writer {
  /** Notes that the server has confirmed. */
  written(): number;
  /** Fulfils when the session was ended. */
  ended: Promise<void>;
}

/** Quarantines under a session that writes, tries what must be refused, restores, and finds every row. */
export async function quarantineAndRestore(context: DemoContext, databaseId: string, login: Login): Promise<void> {
  const { terminal } = context;
  terminal.heading('DELETE /v1/databases/:id   while a session keeps writing');
  const visitor = await openVisitor(context.engine, login.url);
  try {
    const writer = keepWriting(visitor);
    await tellQuarantine(context, databaseId);
    await writer.ended;
    terminal.done(`the session that kept writing was ended, after ${writer.written()} notes`, null);
    if (!(await isRefused(context.engine, login.url))) throw demoFailed('The login still works in quarantine');
    terminal.done('the login is refused', null);
    terminal.heading('POST /v1/databases/:id/restore');
    const answer = await context.callApi('POST', `/v1/databases/${databaseId}/restore`);
    await followAction(context, (answer as { action: { id: string } }).action.id);
    await findNotes(context, login, writer.written());
  } finally {
    await visitor.close();
  }
}

function keepWriting(visitor: Visitor): Writer {
  let written = 0;
  const write = async () => {
    for (;;) {
      await visitor.write('written again and again');
      written += 1;
    }
  };
  return { written: () => written, ended: write().catch(() => undefined) }; // its end is what is waited for
}

interface Step {
  name: string;
  /** `details` is what one engine alone has to tell (docs/evidence.md). */
  evidence: { details?: object };
}

/** Follows the quarantine and shows what its steps saw. */
async function tellQuarantine(context: DemoContext, databaseId: string): Promise<void> {
  const { callApi, terminal } = context;
  const answer = await callApi('DELETE', `/v1/databases/${databaseId}`);
  const { id } = (answer as { action: { id: string } }).action;
  await followAction(context, id);
  const { steps } = (await callApi('GET', `/v1/actions/${id}`)) as { steps: Step[] };
  for (const { name, evidence } of steps) {
    const { details, ...common } = evidence;
    const seen = Object.entries({ ...common, ...details }).filter(
      ([, value]) => !(Array.isArray(value) && value.length === 0),
    );
    const told = seen.map(([what, value]) => `${what} ${Array.isArray(value) ? value.join(', ') : value}`);
    terminal.say(`    ${name}: ${told.join(' · ')}`);
  }
}

async function findNotes({ engine, terminal }: DemoContext, login: Login, written: number): Promise<void> {
  const visitor = await openVisitor(engine, login.url);
  try {
    const notes = await visitor.read();
    if (notes.length <= written) throw demoFailed('Notes that were confirmed are gone after the restore');
    terminal.done(`the same password opens it, and all ${notes.length} notes are there`, null);
  } finally {
    await visitor.close();
  }
}
