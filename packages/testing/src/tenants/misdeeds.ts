// What a tenant may do to its own database or against Berth with nothing but its role, and what therefore keeps no action of its
// database from its end.

/** What a tenant has going. */
export interface Committed {
  /** Whether the session that it went on in can do nothing any more; true where it left by itself. Throws what is no sign of either. */
  isOut(): Promise<boolean>;
  /** Ends whatever is left of it. */
  stop(): Promise<void>;
}

export interface Misdeed {
  /** `a tenant that …`. */
  title: string;
  /**
   * Commits it, and returns when it is under way: when it was done once, or is seen by `adminUrl`, the server's. Can be committed
   * again. `credentialId` is of the login of `uri`, which its tenant can read.
   */
  commit(uri: string, credentialId: string, adminUrl: string): Promise<Committed>;
}

/** Of what is over when it is done. */
export const GONE: Committed = { isOut: async () => true, stop: async () => {} };
