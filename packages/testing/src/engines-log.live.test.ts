// What docs/engines.md says of a server's own log: a create, a quarantine, a restore and a login that may only read leave the
// lines that are told there, under the application_name that is told, and no other FATAL or ERROR.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentialCreate, request } from '@berth/actions';
import { ROOT } from './house/source-files';
import { openJourney } from './journey';
import { makeKept, quarantine, restoreAndSee } from './quarantine';
import { openTestPostgresql } from './test-postgresql';

const page = readFileSync(join(ROOT, 'docs/engines.md'), 'utf8');
const rows = [...page.matchAll(/^\| `((?:FATAL|ERROR): .*?)` \| .* \| `(.*?)` \|$/gm)];
const told = rows.map(([, line = '', application = '']) => `${application} ${line}`);

/** `…` stands for what differs from one login to the next. */
function isTold(line: string): boolean {
  return told.some((each) => toPattern(each).test(line));
}

function toPattern(text: string): RegExp {
  const parts = text.split('…').map((part) => part.replace(/[[\]().]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^ ]+')}$`);
}

test('what Berth tries is in the log of the server as the page tells it, under logins of tenants', async () => {
  const server = await openTestPostgresql(undefined, { log_line_prefix: '%u|%a|' });
  const journey = await openJourney({ engineUrl: server.url().reveal() });
  const kept = await makeKept(journey, 'orders');
  await quarantine(journey, kept.databaseId);
  await restoreAndSee(journey, kept);
  const reader = { databaseId: kept.databaseId, role: 'readonly', username: 'orders_reader' } as const;
  const { id } = await request(journey.context, credentialCreate, reader, journey.access);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  await journey.close();
  await server.close();
  const refused = [...readFileSync(server.logFile, 'utf8').matchAll(/^(.*?)\|(.*?)\|((?:FATAL|ERROR):.*)$/gm)];
  const lines = refused.map(([, , application, line]) => `${application} ${line}`);
  expect(lines.filter((line) => !isTold(line))).toEqual([]);
  expect(told.filter((each) => !lines.some((line) => toPattern(each).test(line)))).toEqual([]);
  expect([...new Set(refused.map(([, user]) => user))].sort()).toEqual(['orders', 'orders_reader']);
});
