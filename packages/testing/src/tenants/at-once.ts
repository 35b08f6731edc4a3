// Journeys whose tests mostly wait: on each engine they are begun together, and on all engines at once. A test is what looks at
// its own outcome, in its turn. All of a file's are begun, whichever of them a run asks for by name.
import { type QueueKind, testQueues } from '../test-queue';
import { onEachEngineAndQueue, onEachEngineThat } from './on-each-engine';
import type { TestEngine } from './tenants';

export interface AtOnce {
  /** Before all of this engine's. */
  open(work: () => Promise<void>): void;
  /** Works beside the others: it leaves the server, and what is queued by others, alone. */
  test(name: string, work: () => Promise<void>): void;
  /** When those are done: all of one group at once, group by group. What they do to the server they do together, by `meet`. */
  together(group: string, name: string, work: (meet: Meet) => Promise<void>): void;
  /** When those are done too, one after another. */
  alone(name: string, work: () => Promise<void>): void;
  /** After all of them. */
  close(work: () => Promise<void>): void;
}

/** Waits until all of the group that are still under way have come to this point; `act` is done once, before any goes on. */
export type Meet = (point: string, act: () => Promise<void>) => Promise<void>;

/** How many of one engine work beside each other: a journey's store has five connections. */
const BESIDE_MAX = 4;
/** A work that takes longer hangs. */
const WORK_MS_MAX = 240_000;
/** A test waits for what was begun before its own work. */
const WAIT_MS_MAX = 600_000;

/** As `onEachEngine`, or on those engines of which `has` is so. */
export function onEachEngineAtOnce(
  tests: (engine: TestEngine, atOnce: AtOnce) => void,
  has: (engine: TestEngine) => boolean = () => true,
): void {
  beginTogether((describeOne) =>
    onEachEngineThat(has, (engine) => describeOne(isHere(engine), (atOnce) => tests(engine, atOnce))),
  );
}

/** As `onEachEngineAndQueue`. */
export function onEachEngineAndQueueAtOnce(
  tests: (engine: TestEngine, queue: QueueKind, atOnce: AtOnce) => void,
): void {
  beginTogether((describeOne) =>
    onEachEngineAndQueue((engine, queue) =>
      describeOne(isHere(engine, queue), (atOnce) => tests(engine, queue, atOnce)),
    ),
  );
}

/** What is left out of a run is described as well, and must not be begun. */
function isHere(engine: TestEngine, queue: QueueKind = 'PostgreSQL'): boolean {
  return engine.whyMissing() === null && testQueues().includes(queue);
}

type DescribeOne = (isHere: boolean, tests: (atOnce: AtOnce) => void) => void;

/** What is described is begun before the first test of the file. */
function beginTogether(describeEach: (describeOne: DescribeOne) => void): void {
  const begins: (() => void)[] = [];
  describeEach((isHere, tests) => {
    const { begin, ...atOnce } = openAtOnce();
    if (isHere) begins.push(begin);
    tests(atOnce);
  });
  beforeAll(() => {
    for (const begin of begins) begin();
  });
}

interface Part {
  work: (meet: Meet) => Promise<void>;
  outcome: Outcome;
}

function openAtOnce(): AtOnce & { begin(): void } {
  const [beside, alone]: [Part[], Part[]] = [[], []];
  const groups = new Map<string, Part[]>();
  const opening: (() => Promise<void>)[] = [];
  let ended = Promise.resolve();
  const add = (parts: Part[], name: string, work: Part['work']) => {
    const outcome = openOutcome();
    parts.push({ work, outcome });
    test(name, () => outcome.promise, WAIT_MS_MAX);
  };
  return {
    open: (work) => void opening.push(work),
    test: (name, work) => add(beside, name, work),
    together(group, name, work) {
      const parts = groups.get(group) ?? [];
      groups.set(group, parts);
      add(parts, name, work);
    },
    alone: (name, work) => add(alone, name, work),
    close: (work) => afterAll(() => ended.then(work)),
    begin() {
      const opened = opening.reduce((before, work) => before.then(work), Promise.resolve());
      ended = inLanes(opened, beside, BESIDE_MAX);
      for (const parts of groups.values()) ended = ended.then(() => inLanes(opened, parts, parts.length));
      ended = ended.then(() => inLanes(opened, alone, 1));
    },
  };
}

/** So many at a time, in their order. Never rejects. */
async function inLanes(opened: Promise<void>, parts: Part[], lanes: number): Promise<void> {
  const left = [...parts];
  const meeting = openMeeting(parts.length);
  const lane = async () => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      const { work, outcome } = part;
      await opened.then(() => inTime(work(meeting.meet))).then(outcome.resolve, outcome.reject);
      meeting.leave();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function inTime(work: Promise<void>): Promise<void> {
  const hanging = openOutcome();
  const timer = setTimeout(() => hanging.reject(new Error(`not done within ${WORK_MS_MAX} ms`)), WORK_MS_MAX);
  await Promise.race([work, hanging.promise]).finally(() => clearTimeout(timer));
}

/** Whoever has ended, well or not, is waited for nowhere. */
function openMeeting(count: number): { meet: Meet; leave(): void } {
  const points = new Map<string, { act: () => Promise<void>; come: number; isDue: boolean; outcome: Outcome }>();
  let under = count;
  const look = () => {
    for (const point of points.values()) {
      if (point.isDue || point.come < under) continue;
      point.isDue = true;
      point.act().then(point.outcome.resolve, point.outcome.reject);
    }
  };
  return {
    meet(name, act) {
      const point = points.get(name) ?? { act, come: 0, isDue: false, outcome: openOutcome() };
      points.set(name, point);
      point.come += 1;
      look();
      return point.outcome.promise;
    },
    leave() {
      under -= 1;
      look();
    },
  };
}

type Outcome = ReturnType<typeof openOutcome>;

/** Of what nobody may be looking at yet when it fails. */
function openOutcome() {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  promise.catch(() => {});
  return { promise, resolve: () => resolve(), reject: (error: unknown) => reject(error) };
}
