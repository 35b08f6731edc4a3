// A client that asks as fast as it is answered, over a few connections that stay open. The same for every side.
import { Agent, request } from 'node:http';

export interface Ask {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Load {
  url: string;
  /** What is asked next. */
  next(): Ask;
  status: number;
}

/** Connections that ask at once. */
export const CONNECTIONS = 8;

/**
 * Asks for so long, or until so many were answered, and returns how many were answered in a second. Throws at the first
 * answer with another status.
 */
export async function perSecond(load: Load, forMs: number, answersMax = Number.POSITIVE_INFINITY): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const startedMs = performance.now();
  let answered = 0;
  const goOn = async () => {
    while (performance.now() - startedMs < forMs && answered < answersMax) {
      await answerOf(agent, load.url, load.next(), load.status);
      answered += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, goOn));
    return (answered * 1_000) / (performance.now() - startedMs);
  } finally {
    agent.destroy();
  }
}

/** One answer's body, read to its end. Throws when its status is another one. */
export function answerOf(agent: Agent, url: string, ask: Ask, status: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers =
      ask.body === undefined ? ask.headers : { ...ask.headers, 'Content-Length': Buffer.byteLength(ask.body) };
    const sent = request(new URL(ask.path, url), { agent, method: ask.method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (response.statusCode === status) resolve(text);
        else
          reject(
            new Error(`${ask.method} ${ask.path} was answered with ${response.statusCode}: ${text.slice(0, 300)}`),
          );
      });
    });
    sent.once('error', reject);
    sent.end(ask.body);
  });
}
