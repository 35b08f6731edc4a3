// What is known of a request that came to a host which one dialect has for itself: whose it is, and what stands in front of the
// path inside that the caller did not write. hosts.ts at the root of the api notes it; whoever shows or counts addresses reads it.
import type { Response } from 'express';

export interface OwnHost {
  /** The name of the dialect. */
  dialect: string;
  /** `/globo`, which only mounts have; empty for a dialect whose mount does not begin with its name. */
  lead: string;
}

/** Remembers it for this request. */
export function noteOwnHost(response: Response, ownHost: OwnHost): void {
  response.locals.ownHost = ownHost;
}

/** Null for a request that came to a host which all share. */
export function findOwnHost(response: Response | undefined): OwnHost | null {
  const ownHost: OwnHost | undefined = response?.locals.ownHost; // written above, and nowhere else
  return ownHost ?? null;
}
