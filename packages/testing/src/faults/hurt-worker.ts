// The real worker, which hurts itself at one moment of one step: BERTH_TEST_FAULT=moment:step:SIGNAL. Or in the middle of many
// actions at once: BERTH_TEST_FAULT=SIGNAL@id=moment:step,id=moment:step stops each at its moment, and sends the signal in the last;
// where the process lives to see it, all of them go on.
import { runWorker } from '@berth/actions';
import type { Engine } from '@berth/engines/contract';

/** Runs the worker of an engine until its fault. */
export function runHurtWorker(engine: Engine): void {
  const fault = process.env.BERTH_TEST_FAULT ?? '';
  const onMoment = fault.includes('@') ? stopEach(fault) : signalOnce(fault);
  void runWorker(engine, { onMoment: (moment, step, { id }) => onMoment(id, `${moment}:${step}`) });
}

type OnMoment = (actionId: string, at: string) => Promise<void>;

function signalOnce(fault: string): OnMoment {
  const [moment, step, signal] = fault.split(':');
  let hurt = false;
  return async (_, at) => {
    if (hurt || at !== `${moment}:${step}` || signal === undefined) return;
    hurt = true;
    process.kill(process.pid, signal); // SIGKILL and SIGSTOP act here and now; after SIGCONT it goes on
  };
}

function stopEach(fault: string): OnMoment {
  const [signal = '', faults = ''] = fault.split('@');
  let goOn = () => {};
  const stopped = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const left = new Map<string, string>();
  for (const fault of faults.split(',')) {
    const [id = '', at = ''] = fault.split('=');
    left.set(id, at);
  }
  return async (id, at) => {
    if (left.get(id) !== at) return;
    left.delete(id);
    if (left.size === 0) {
      process.kill(process.pid, signal);
      goOn();
    }
    await stopped; // until the others are where they are to be
  };
}
