// All that there can be in a tenant's database and around it, for a journey that asks whether it came back: each engine has things
// of its own, made, read and described in its own words.

export interface Outsider {
  uri: string;
  /** Takes it off the server again. */
  close(): Promise<void>;
}

export interface Belongings {
  /** As the owner of a database, one of everything that lasts; and what a login may set for itself. */
  make(uri: string): Promise<void>;
  /** What its owner reads: the data, and what is derived from them by what was made. */
  read(uri: string): Promise<unknown>;
  /** What a login that writes sets going, beside rows. Changes what `read` finds. */
  use(uri: string): Promise<void>;
  /** A login of the operators' own, not Berth's, which they let into the database and which reads it. */
  makeOutsider(adminUrl: string, database: string): Promise<Outsider>;
  /**
   * What the server's own tables say of the database, of what is in it, of the logins whose names begin so and of who may do what.
   * Without passwords, and without what a server counts anew.
   */
  describe(adminUrl: string, database: string, loginPrefixes: string[]): Promise<unknown>;
}
