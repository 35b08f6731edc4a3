// What answers tell as addresses: the caller's own spelling of them, and never a header that could be something else.
import { connect } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import { trustProxies } from './address';
import { askedUrl, linkTo } from './links';
import { type Door, listen } from './listen';

/** Tells the addresses of whoever asks, as a dialect under `/globo/api` would. */
function appFor(proxies: string[]): Express {
  const app = express();
  trustProxies(app, proxies);
  const router = express.Router().use((asking, response) => {
    response.json({ link: linkTo(asking, '/database/1/'), asked: askedUrl(asking) });
  });
  return app.use('/globo/api', router);
}

const strangers = appFor([]);
const trusted = appFor(['loopback']);
const THERE = /^http:\/\/(127\.0\.0\.1|\[::ffff:127\.0\.0\.1\]):\d+\/globo\/api\/database\/1\/$/;

async function told(app: Express, headers: Record<string, string>, path = '/globo/api/database/') {
  return (await request(app).get(path).set(headers)).body;
}

describe('a request that came by itself', () => {
  test.each(['dbaas.example.org', 'DBaaS.example.org:8443', 'berth_api:80', '[::1]:8080', '[2001:db8::1]', '10.0.0.1'])(
    'is told addresses at the host that it asked: %s',
    async (host) => {
      expect(await told(strangers, { Host: host })).toEqual({
        link: `http://${host}/globo/api/database/1/`,
        asked: `http://${host}/globo/api/database/`,
      });
    },
  );

  test.each([
    'evil.example/path?',
    'a"b',
    'a b',
    'evil.example\\@good.example',
    'user@good.example',
    'good.example#',
    'good.example,evil.example',
    '<script>',
    'good.example:99999',
    'good.example:',
    'good.example:x',
    '[::1%25eth0]',
    '[1.2.3.4]',
    '[]',
    '::1',
    '.',
    '-',
    'ü.example',
    'a'.repeat(254),
  ])('is told the address of this process when its Host is none: %s', async (host) => {
    const { link, asked } = await told(strangers, { Host: host });
    expect(link).toMatch(THERE);
    expect(new URL(asked).host).toBe(new URL(link).host);
  });

  test('has no say by the headers of proxies', async () => {
    const headers = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/evil' };
    expect(await told(strangers, { Host: 'here', ...headers })).toEqual({
      link: 'http://here/globo/api/database/1/',
      asked: 'http://here/globo/api/database/',
    });
  });

  test('gets its own spelling back, query and all', async () => {
    const path = '/Globo/api/%64atabase/?page=2&name=a%20b+c&&x=%zz';
    expect(await told(strangers, { Host: 'here' }, path)).toEqual({
      link: 'http://here/Globo/api/database/1/',
      asked: `http://here${path}`,
    });
  });
});

describe('a request by a trusted proxy', () => {
  const Host = 'inside:8080';

  test('is told the host, the scheme and the prefix that the proxy was asked with; of several the first', async () => {
    const headers = {
      'X-Forwarded-Host': 'dbaas.example.org:8443, inside',
      'X-Forwarded-Proto': 'https, http',
      'X-Forwarded-Prefix': '/tools/dbaas/, /other',
    };
    expect(await told(trusted, { Host, ...headers })).toEqual({
      link: 'https://dbaas.example.org:8443/tools/dbaas/globo/api/database/1/',
      asked: 'https://dbaas.example.org:8443/tools/dbaas/globo/api/database/',
    });
  });

  test('is told what Host says where the proxy adds nothing, and no port of the proxy', async () => {
    const { link } = await told(trusted, { Host, 'X-Forwarded-Port': '81' });
    expect(link).toBe('http://inside:8080/globo/api/database/1/');
  });

  test('is told the address of this process when the forwarded host is none', async () => {
    const { link } = await told(trusted, { Host, 'X-Forwarded-Host': 'evil.example/path?' });
    expect(link).toMatch(THERE);
  });

  test.each(['evil', '//evil.example', '/a"b', '/a/../b', '/.', '/a?b', '/a b', '/%2e', `/${'a'.repeat(200)}`, '/'])(
    'is told addresses without a prefix when it is none: %s',
    async (prefix) => {
      const { link } = await told(trusted, { Host, 'X-Forwarded-Prefix': prefix });
      expect(link).toBe('http://inside:8080/globo/api/database/1/');
    },
  );

  test.each(['javascript', 'https://evil.example/', 'HTTPS'])(
    'is told http or https and no other scheme: %s',
    async (scheme) => {
      const { link } = await told(trusted, { Host, 'X-Forwarded-Proto': scheme });
      expect(link).toBe(`${scheme === 'HTTPS' ? 'https' : 'http'}://inside:8080/globo/api/database/1/`);
    },
  );
});

describe('a request as only a socket writes it', () => {
  let door: Door;
  beforeAll(async () => {
    door = await listen(strangers, '127.0.0.1', 0);
  });
  afterAll(() => door.close());

  /** The body of the answer to these lines. */
  function answerTo(...lines: string[]) {
    const { port } = new URL(door.url);
    return new Promise<{ link: string; asked: string }>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.once('end', () => resolve(JSON.parse(text.replace(/^.*?\r\n\r\n/s, ''))));
      socket.once('error', reject);
    });
  }

  test('without a Host is told the address of this process', async () => {
    expect(await answerTo('GET /globo/api/ HTTP/1.0')).toEqual({
      link: `${door.url}/globo/api/database/1/`,
      asked: `${door.url}/globo/api/`,
    });
  });

  test('for a whole URL is told the path of it, at its Host', async () => {
    const lines = ['GET http://here/globo/api/?a=http://b/ HTTP/1.1', 'Host: here', 'Connection: close'];
    expect(await answerTo(...lines)).toEqual({
      link: 'http://here/globo/api/database/1/',
      asked: 'http://here/globo/api/?a=http://b/',
    });
  });
});
