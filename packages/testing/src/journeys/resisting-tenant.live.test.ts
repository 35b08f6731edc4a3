// A tenant who works against Berth: a reset that it races for does not let it keep its way in.
import { credentialReset, grantCreate, request } from '@berth/actions';
import { Client } from 'pg';
import { type Journey, openJourney, withClient } from '../journey';
import { askRestore, evidenceOf, makeKept, quarantine, runToEnd } from '../quarantine';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

async function madeLogin() {
  count += 1;
  const action = await journey.requestDatabase(`resisting_${process.pid}_${count}`);
  await journey.runHere(action.id);
  const id = action.credential_id ?? '';
  return { id, uri: () => journey.uriOf(id) };
}

/** Resets the password and lets every pause pass, until it ended. */
async function reset(credentialId: string) {
  const { id } = await request(journey.context, credentialReset, { credentialId }, journey.access);
  for (;;) {
    const action = await journey.runHere(id);
    if (action.ended_at !== null) return action;
    await withClient(journey.storeUrl, (client) => client.query('UPDATE actions SET not_before = NULL'));
  }
}

const works = (uri: string) => withClient(uri, (client) => client.query('SELECT 1'));

it('that changes its password in a loop is out after the reset', async () => {
  const login = await madeLogin();
  const client = new Client({ connectionString: await login.uri() });
  let isIn = true;
  client.on('error', () => {
    isIn = false;
  });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('SELECT session_user AS name');
  const loop = (async () => {
    while (isIn) {
      await client.query(`SET ROLE NONE; ALTER ROLE "${rows[0]?.name}" PASSWORD 'evil'`).catch(() => {
        // refused while Berth holds the row; the loop goes on until the session is ended
      });
    }
  })();
  expect(await reset(login.id)).toMatchObject({ state: 'succeeded' });
  await loop;
  await client.end();
  const evil = new URL(await login.uri());
  evil.password = 'evil';
  await expect(works(evil.href)).rejects.toMatchObject({ code: '28P01' });
  await works(await login.uri());
});

it('that gives its shared login a verifier which nobody can use is out of the quarantined database all the same', async () => {
  const [kept, other] = [await makeKept(journey, `odd_${process.pid}`), await makeKept(journey, `even_${process.pid}`)];
  const input = { credentialId: kept.credentialId, database: other.databaseId, role: 'owner' as const };
  const grant = await request(journey.context, grantCreate, input, journey.access);
  expect(await journey.runHere(grant.id)).toMatchObject({ state: 'succeeded' });
  const user = decodeURIComponent(new URL(kept.uri).username);
  const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
  const verifier = `SCRAM-SHA-256$150000:${Buffer.alloc(16).toString('base64')}$${key(1)}:${key(2)}`; // pg stops at 100 000
  await withClient(kept.uri, (client) => client.query(`SET ROLE NONE; ALTER ROLE "${user}" PASSWORD '${verifier}'`));
  const ended = await quarantine(journey, kept.databaseId);
  expect(evidenceOf(ended, 'check_refused')).toMatchObject({ refused: [`${user}: privilege`] });
  const { id } = await askRestore(journey, kept.databaseId);
  const failed = await runToEnd(journey, id);
  expect(failed).toMatchObject({ state: 'failed', error_code: 'login_check_failed' });
  expect(failed.error_message).toContain(`The login ${user} is not let in: The login cannot be tried`);
});
