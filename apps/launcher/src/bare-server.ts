// What the benchmark compares the api with: Express, one statement by pg, and for a POST a job of BullMQ, in a process of its
// own as the api is. Nobody is asked who they are, and nothing is remembered but one row.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createPostgresBackend, Queue } from 'bullmq';
import express from 'express';
import { Pool } from 'pg';

/** As many as the api has. */
const CONNECTIONS_MAX = 10;
const DAY_S = 24 * 60 * 60;

const storeUrl = process.env.BERTH_STORE_URL ?? '';
const queueUrl = process.env.BERTH_QUEUE_URL ?? '';

async function serve(): Promise<void> {
  const pool = new Pool({ connectionString: storeUrl, max: CONNECTIONS_MAX });
  const queue = openQueue();
  await queue.waitUntilReady();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/actions/:id', async (request, response) => {
    const text = 'SELECT * FROM bare_actions WHERE id = $1';
    const { rows } = await pool.query({ name: 'poll', text, values: [request.params.id] });
    response.status(rows.length === 0 ? 404 : 200).json(rows[0] ?? null);
  });
  app.post('/databases', express.json(), async (request, response) => {
    const id = randomUUID();
    const text = 'INSERT INTO bare_actions (id, name, body) VALUES ($1, $2, $3) RETURNING *';
    const values = [id, request.body.name, JSON.stringify(request.body)];
    const { rows } = await pool.query({ name: 'accept', text, values });
    const history = { removeOnComplete: { age: DAY_S }, removeOnFail: { age: DAY_S } };
    void queue.add('nudge', { id }, { jobId: `${id}-1`, attempts: 1, ...history }); // as the api: outside the response
    response.status(202).json(rows[0]);
  });
  const server = app.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ ready: true, url: `http://127.0.0.1:${port}` });
  });
  process.once('SIGTERM', async () => {
    server.close();
    server.closeAllConnections();
    await queue.close();
    await pool.end();
    process.exit(0);
  });
}

function openQueue() {
  if (!queueUrl.startsWith('redis')) {
    const connection = { connectionString: queueUrl, max: 2, migrate: true, options: '-c synchronous_commit=off' };
    return new Queue('bare', { connection }, createPostgresBackend);
  }
  const { hostname, port } = new URL(queueUrl);
  return new Queue('bare', { connection: { host: hostname, port: Number(port) } });
}

void serve();
