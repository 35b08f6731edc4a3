// What is seen of a server by looking at all of it at once: whosever it is, Berth's or not.
import type { Role } from '@berth/core';

/** A database as it is on its server, whosever it is. */
export interface SeenDatabase {
  name: string;
  /** The id in its marker; null for one that bears none. */
  id: string | null;
  sizeBytes: number;
  /** Logins that were given it, also locked ones; not those that are let in everywhere. */
  users: number;
  /** Null, as `collation`, where the engine's databases have none (`charset` of its capabilities). */
  charset: string | null;
  collation: string | null;
  /** Open sessions in it, without this one; where none is in a database (`sessionsInDatabase`), those of its users. */
  sessions: number;
}

/** Who may do what on a server, whosever it is. Without the admin itself and what is the engine's own. */
export interface SeenAccess {
  databases: SeenDoor[];
  logins: SeenLogin[];
  grants: SeenGrant[];
}

export interface SeenDoor {
  name: string;
  /** The id in its marker; null for one that bears none. */
  id: string | null;
  /** Whether somebody besides admins may enter it. */
  isOpen: boolean;
  /** Whether it stands as one that Berth shut; false where an engine has no such thing. */
  isShut: boolean;
  /** Whether every login of the server may enter it. */
  isPublic: boolean;
}

export interface SeenLogin {
  name: string;
  id: string | null;
  isLocked: boolean;
  /** What it may do beside what it was given of single databases, in the server's words. */
  powers: string[];
}

/** What a login was given of one database by its name. */
export interface SeenGrant {
  login: string;
  /** As the server names it; of a grant on several, the pattern. */
  database: string;
  /** Roles that it has in full; two where a change of role was interrupted. */
  roles: Role[];
  /** What it was given beside, in the server's words. */
  beyond: string[];
}
