// What a dialect is: one API that is spoken. A plain object in a folder of its own; nobody outside asks its name.
//
// Every folder has the same files: index.ts (the object), authenticate.ts (who calls, in this product's way),
// render-error.ts (our errors in its words), and one file per noun (databases.ts, actions.ts, …). A dialect uses
// `request` and reads of the store, `waitForAction`, the engines' rules and core; what it shares with others is in http/.
import type { Context } from '@berth/actions';
import type { PlatformError } from '@berth/core';
import type { Health, SignUpDefaults } from '@berth/runtime';
import type { Request, Response, Router } from 'express';
import type { Proofs } from '../http/proofs';
import type { RateLimits } from '../http/rate-limits';
import type { DocumentedRoute } from '../http/route';
import type { Streams } from '../http/streams';

/** What the API gives a dialect. */
export interface ApiContext extends Context {
  /** What the main door tells of this process: the same as the door of its own. */
  health: Health;
  /** Aborted when the process was asked to stop: whoever waits for an action answers then. */
  stopping: AbortSignal;
  /** How often a caller may come. */
  limits: RateLimits;
  /** Passwords that were proven lately. */
  proofs: Proofs;
  /** Peers whose word on where a request comes from is taken. Default: none. */
  trustedProxies?: string[];
  /** Origins of pages of other sites that may call a dialect whose clients are pages. Default: none. */
  allowedOrigins?: string[];
  /** What strangers get who sign up. Default: nobody can. */
  signUp?: SignUpDefaults | null;
  /** The streams of events that are open. */
  streams: Streams;
}

export interface Dialect {
  name: string;
  /** Where it is mounted: `/v1`. Routes of its router are relative to this. */
  mount: string;
  /** Those of its routes that our document tells of; a dialect that another product documents has none. */
  documented?: DocumentedRoute[];
  /** Its routes. What they throw, and what no route takes, reaches `renderError`. */
  router(api: ApiContext): Router;
  /**
   * Answers with the error in the product's own form. Foreign errors are ours by then, and `Allow` is set for a 405.
   * Shows only code, message, fields and action; a cause is for the log, which has it already.
   */
  renderError(error: PlatformError, request: Request, response: Response): void;
}
