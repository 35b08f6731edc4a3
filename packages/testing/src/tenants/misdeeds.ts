// What a tenant may do to its own database or against Berth with nothing but its role, and what therefore keeps no action of its
// database from its end.

/** Rejects never: whatever of it goes on ends when its session does, or with `stop`. */
export interface Misdeed {
  /** `a tenant that …`. */
  title: string;
  /** Commits it, and returns when it is under way. `credentialId` is of the login of this URL, which its tenant can read. */
  commit(uri: string, credentialId: string): Promise<{ stop(): Promise<void> }>;
}
