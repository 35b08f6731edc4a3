// Opening and closing the door: nothing that is being answered is cut off, nothing idle holds it open.
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { eventually } from '@berth/testing';
import { listen } from './listen';

/** The status of one request on a connection that is kept. */
function fetchOver(agent: Agent, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}

test('the door names the port it got, and refuses one that is taken', async () => {
  const door = await listen((_request, response) => response.end('here'), '127.0.0.1', 0);
  const port = Number(new URL(door.url).port);
  expect(await (await fetch(door.url)).text()).toBe('here');
  await expect(listen(() => {}, '127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await door.close();
});

test('closing waits for what is being answered and not for connections that are kept', async () => {
  const waiting: (() => void)[] = [];
  const door = await listen(
    (request, response) => {
      if (request.url === '/slow') waiting.push(() => response.end('late'));
      else response.end('soon');
    },
    '127.0.0.1',
    0,
  );
  const agent = new Agent({ keepAlive: true });
  expect(await fetchOver(agent, `${door.url}/`)).toBe(200); // leaves an idle connection
  const slow = fetchOver(agent, `${door.url}/slow`);
  await eventually(() => waiting.length === 1);
  const startedMs = performance.now();
  let closed = false;
  const closing = door.close().then(() => {
    closed = true;
  });
  await expect(fetch(door.url)).rejects.toThrow();
  expect(closed).toBe(false);
  for (const answer of waiting) answer();
  expect(await slow).toBe(200);
  await closing;
  expect(performance.now() - startedMs).toBeLessThan(4_000); // Node keeps connections for five seconds
  agent.destroy();
});

test('who asks on before an answer is out is shown out, and nothing is kept for them', async () => {
  const answered: string[] = [];
  const door = await listen((request) => void answered.push(request.url ?? ''), '127.0.0.1', 0); // none gets an answer
  const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
  socket.on('error', () => {}); // the end may come as a reset
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(Array.from({ length: 50 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await ended;
  expect(answered).toEqual(['/0']);
  await door.close();
});
