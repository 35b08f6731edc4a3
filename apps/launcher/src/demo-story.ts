// What the demo shows, and proves as it goes: each claim is tried from outside, as a user of the database would see it.
import { Secret } from '@berth/core';
import { type DemoContext, demoFailed, type Login } from './demo-context';
import { quarantineAndRestore } from './demo-quarantine';
import { followAction } from './follow-action';
import { isAlive, isRefused, openVisitor } from './visitor';
import type { Visitor } from './visits';

/** Tells the whole story of a database of one engine. Fulfils with the milliseconds from the start of this process to the first connection. Throws
 * LaunchError as soon as something is not as it must be. */
export async function tellDemo(context: DemoContext): Promise<{ connectedMs: number }> {
  const databaseId = await createDatabase(context);
  const login = await revealLogin(context, databaseId);
  const visitor = await openVisitor(context.engine, login.url);
  try {
    const connectedMs = performance.now();
    context.terminal.done(`connected as ${login.username} with the issued URL`, null);
    await writeAndReadRow(context, visitor);
    const renewed = await resetPassword(context, databaseId, login, visitor);
    await quarantineAndRestore(context, databaseId, renewed);
    await deleteDatabase(context, databaseId, renewed);
    return { connectedMs };
  } finally {
    await visitor.close();
  }
}

async function createDatabase(context: DemoContext): Promise<string> {
  const asked = { name: 'demo', engine: context.engine, plan: 'small' };
  const body = { ...asked, environment: 'development', project: 'default' };
  context.terminal.heading(`POST /v1/databases ${JSON.stringify(asked)}`);
  const answer = await context.callApi('POST', '/v1/databases', { body });
  const { action, database } = answer as { action: { id: string }; database: { id: string } };
  await followAction(context, action.id);
  return database.id;
}

async function revealLogin(context: DemoContext, databaseId: string): Promise<Login> {
  const list = await context.callApi('GET', `/v1/databases/${databaseId}/credentials`);
  const [credential] = (list as { data: { id: string; username: string }[] }).data;
  if (!credential) throw demoFailed('The new database has no login');
  const shown = await context.callApi('GET', `/v1/credentials/${credential.id}?reveal=true`);
  const { uri } = shown as { uri: string };
  return { credentialId: credential.id, username: credential.username, url: new Secret(uri) };
}

async function writeAndReadRow({ terminal }: DemoContext, visitor: Visitor): Promise<void> {
  await visitor.write('Hello from Berth');
  const [note] = await visitor.read();
  if (note !== 'Hello from Berth') throw demoFailed('The note that was written could not be read');
  terminal.done('wrote a note and read it back; this session stays open', null);
}

async function resetPassword(context: DemoContext, databaseId: string, old: Login, open: Visitor): Promise<Login> {
  const { terminal } = context;
  terminal.heading('POST /v1/credentials/:id/reset');
  const answer = await context.callApi('POST', `/v1/credentials/${old.credentialId}/reset`);
  await followAction(context, (answer as { action: { id: string } }).action.id);
  if (!(await isRefused(context.engine, old.url))) throw demoFailed('The old password still opens the database');
  terminal.done('the old password is refused', null);
  if (await isAlive(open)) throw demoFailed('The session opened with the old password is still alive');
  terminal.done('the session opened with the old password was ended', null);
  const login = await revealLogin(context, databaseId);
  const visitor = await openVisitor(context.engine, login.url);
  try {
    if ((await visitor.read()).length !== 1) throw demoFailed('The note is gone after the reset');
    terminal.done('the new password opens it, and the note is still there', null);
  } finally {
    await visitor.close();
  }
  return login;
}

async function deleteDatabase(context: DemoContext, databaseId: string, login: Login): Promise<void> {
  context.terminal.heading('DELETE /v1/databases/:id?purge=true');
  const answer = await context.callApi('DELETE', `/v1/databases/${databaseId}?purge=true`);
  await followAction(context, (answer as { action: { id: string } }).action.id);
  if (!(await isRefused(context.engine, login.url)))
    throw demoFailed('The login still works after the database was deleted');
  context.terminal.done('the login is refused: database and login are gone', null);
}
