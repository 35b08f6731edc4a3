// Whether the events in a store are those of the catalogue in core. Asked of every test's store when it is closed, so that
// the whole suite bears the catalogue out.
import { EVENTS, isEventType } from '@berth/core';
import { Client } from 'pg';

/** Events in sentences that say what is wrong with each; empty for a store in order, and for one that is gone or has none. */
export async function eventComplaints(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'berth test' });
  try {
    await client.connect();
  } catch {
    return []; // the test dropped it: there is nothing to look at
  }
  try {
    const { rows: tables } = await client.query(`SELECT 1 FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name = 'events' AND column_name = 'data'`);
    if (tables.length === 0) return [];
    const { rows } = await client.query<EventRow>('SELECT * FROM events ORDER BY number');
    return [...new Set(rows.flatMap(complaintsOf))];
  } finally {
    await client.end();
  }
}

interface EventRow extends Record<string, unknown> {
  type: string;
}

function complaintsOf(row: EventRow): string[] {
  if (!isEventType(row.type)) return [`The catalogue has no event ${row.type}.`];
  const { about, data } = EVENTS[row.type];
  const parsed = data.safeParse(row.data);
  return [
    ...about.filter((name) => row[name] === null).map((name) => `${row.type} was raised without ${name}.`),
    ...(parsed.success ? [] : [`${row.type} holds other data than the catalogue says: ${parsed.error.message}`]),
  ];
}
