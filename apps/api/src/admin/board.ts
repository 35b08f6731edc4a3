// The board of the queues (bull-board). It shows nudges, not actions: a nudge that failed or was lost is no harm.
import { ENGINES, within } from '@berth/core';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import type { ApiContext } from '../dialects/dialect';
import { queueDownPage } from './pages';

/** A queue that takes longer to say how much it holds does not answer. */
const LOOK_MS_MAX = 2_000;

const PUBLIC_FONTS = /<link\b[^>]*\bhref="https:[^>]*>/g;

/** The board, to be mounted at `basePath`, behind the sign-in. 503 with a page while the queue is down. */
export function boardRouter({ log, sender }: ApiContext, basePath: string): Router {
  const adapter = new ExpressAdapter().setBasePath(basePath);
  const board = createBullBoard({ queues: [], serverAdapter: adapter, options: { uiConfig: { boardTitle: 'Berth' } } });
  let shown: object[] = [];

  /** The sender throws a broken queue away and opens another: the board must not keep the old one. */
  async function followQueues(): Promise<void> {
    const queues = await sender.queues([...ENGINES]);
    await within(LOOK_MS_MAX, 'The queue', Promise.all(queues.map((queue) => queue.getWaitingCount())));
    if (queues.every((queue, index) => queue === shown[index])) return;
    board.replaceQueues(queues.flatMap(adaptersOf));
    shown = queues;
  }

  const follow: RequestHandler = async (request, response, next) => {
    if (request.path.startsWith('/static/')) return next();
    try {
      await followQueues();
    } catch (error) {
      log.warn({ error }, 'The board cannot show the queues');
      return void response.status(503).type('html').send(queueDownPage());
    }
    next();
  };

  /** Berth needs no network beyond itself, and its pages may ask for none: the page of bull-board names fonts of a public server. */
  const withoutFonts: RequestHandler = (_request, response, next) => {
    const render = response.render.bind(response);
    response.render = (view: string, values?: object) =>
      render(view, values, (error, page) => {
        if (error) next(error);
        else response.send(page.replace(PUBLIC_FONTS, ''));
      });
    next();
  };

  const router = Router();
  const pages = adapter.getRouter();
  pages.disable('x-powered-by'); // an Express app of its own, with its own habits
  return router.use(follow, withoutFonts, pages);
}

function adaptersOf(queue: object): BullMQAdapter[] {
  return isBoardQueue(queue) ? [new BullMQAdapter(queue)] : [];
}

type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** bull-board's types know BullMQ's Redis backend alone (9.10); what it calls, every backend has. */
function isBoardQueue(queue: object): queue is BoardQueue {
  return 'getJobCounts' in queue;
}
