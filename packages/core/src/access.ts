// An access: who calls, and how. None of the scopes includes another.

export const SCOPES = ['public', 'admin', 'credentials', 'operator'] as const;
/** `public` reads, `admin` writes, `credentials` sees passwords, `operator` runs servers, pools, plans, teams. */
export type Scope = (typeof SCOPES)[number];

export const ACCESS_KINDS = ['bearer', 'basic', 'session', 'cosmos_key', 'jwt_signer'] as const;
export type AccessKind = (typeof ACCESS_KINDS)[number];
