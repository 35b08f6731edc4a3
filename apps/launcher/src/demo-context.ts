// What the chapters of the demo share.
import type { EngineName, Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import type { CallApi } from './api-client';
import type { Terminal } from './terminal';

export interface DemoContext {
  callApi: CallApi;
  terminal: Terminal;
  interrupted: AbortSignal;
  /** The engine that is shown now. */
  engine: EngineName;
}

export interface Login {
  credentialId: string;
  username: string;
  url: Secret;
}

/** What is not as it must be. */
export function demoFailed(message: string): LaunchError {
  return new LaunchError('demo_failed', message, 'This is a defect of Berth: please report it with this output.');
}
