// Which server a new database goes to: an active one with room for all that its plan allows, the least used of them. Room
// is what is promised, not what is used, so that no database can fill what another was promised.
import { fieldError, type PlatformError } from '@berth/core';
import { type Nouns, Overtaken, type RoomQuery, type ServerRoom } from '@berth/store';
import type { Resolved } from './resolve';

/** A server that was looked at, and what came of it. */
export interface Candidate {
  id: string;
  name: string;
  pool: string;
  fits: boolean;
  /** Why not, in words; empty when it fits. */
  reasons: string[];
  /** What may still be promised on it; null where nobody knows how much it has. */
  freeBytes: bigint | null;
  freeConnections: number | null;
  /** The part of it that would be spoken for with this database, 0 to 1. */
  share: number;
  databases: number;
}

type Needed = { size_bytes_max: bigint; connections_max: number };

/** Looks at every server that could take the database, or at the one that is named, in whatever environment that is. */
export async function listCandidates(tx: Nouns, resolved: Resolved, serverId?: string): Promise<Candidate[]> {
  const rooms = await tx.servers.listRooms(whereFor(resolved, serverId));
  return rooms.map((room) => judge(room, resolved.plan));
}

/** From now on no other request takes the room of these until commit. */
export function lockCandidates(tx: Nouns, resolved: Resolved, serverId?: string): Promise<void> {
  return tx.servers.lockRooms(whereFor(resolved, serverId));
}

function whereFor({ engine, environment, pool }: Resolved, serverId: string | undefined): RoomQuery {
  return serverId === undefined ? { engine, environmentId: environment.id, poolId: pool?.id ?? null } : { serverId };
}

/** Creates that look at the same moment choose the same server: it may be fuller than another by this part of a server. */
const LEAN_MAX = 0.01;
const NOTHING_MORE: Needed = { size_bytes_max: 0n, connections_max: 0 };

/**
 * Asked when the database is written on the server that was chosen: until commit no other request takes room. Throws `Overtaken`
 * when others took so much of it since that it does not fit, or that another server is less used by far; and when the server is
 * not active any more.
 */
export async function confirmRoom(tx: Nouns, resolved: Resolved, chosenId: string, serverId?: string): Promise<void> {
  await lockCandidates(tx, resolved, serverId);
  const rooms = await tx.servers.listRooms(whereFor(resolved, serverId));
  const room = rooms.find(({ id }) => id === chosenId);
  const chosen = room === undefined ? null : judge(room, NOTHING_MORE); // it counts there by now
  const others = rooms.filter(({ id }) => id !== chosenId).map((other) => judge(other, resolved.plan));
  const better = choose(others);
  if (chosen?.fits && (better === null || chosen.share <= better.share + LEAN_MAX)) return;
  throw new Overtaken('Another request took the room that this one had looked at.');
}

/** The one that fits and is used least, then with the fewest databases, then the oldest. Null when none fits. */
export function choose(candidates: Candidate[]): Candidate | null {
  const fitting = candidates.filter(({ fits }) => fits);
  fitting.sort((one, other) => one.share - other.share || one.databases - other.databases); // sort is stable
  return fitting[0] ?? null;
}

/** Whether a database of this plan has room on the server, and if not, every reason. */
export function judge(room: ServerRoom, plan: Needed): Candidate {
  const size = sizeOf(room);
  const connections = connectionsOf(room);
  const freeBytes = size === null ? null : size - room.reservedBytes;
  const freeConnections = connections === null ? null : connections - room.reservedConnections;
  const reasons = [
    ...(room.state === 'active' ? [] : [notActive(room.state)]),
    ...(freeBytes === null || freeBytes >= plan.size_bytes_max
      ? []
      : [`${megabytes(plan.size_bytes_max)} needed, ${megabytes(freeBytes)} free of ${megabytes(size ?? 0n)}`]),
    ...(freeConnections === null || freeConnections >= plan.connections_max
      ? []
      : [`${plan.connections_max} connections needed, ${Math.max(freeConnections, 0)} free of ${connections ?? 0}`]),
  ];
  const shares = [
    size === null ? 0 : Number(room.reservedBytes + plan.size_bytes_max) / Number(size),
    connections === null ? 0 : (room.reservedConnections + plan.connections_max) / connections,
  ];
  const { id, name, pool, databases } = room;
  return {
    ...{ id, name, pool, databases, reasons, freeBytes, freeConnections },
    fits: reasons.length === 0,
    share: Math.max(...shares),
  };
}

/** The reason of a server that takes no databases; by it a refusal knows those that only wait to be looked at. */
function notActive(state: ServerRoom['state']): string {
  return `it is ${state}`;
}

const CHECK = 'An operator has the unchecked one looked at: POST /v1/servers/:id/preflight says what it lacks.';
const SHRINK = 'Ask for a smaller plan, or an operator for a server.';

/** The refusal where no candidate fits, with the reason of each. */
export function noRoom(candidates: Candidate[], { engine, environment, pool }: Resolved): PlatformError {
  const where = pool === null ? `in environment ${environment.name}` : `in pool ${pool.name}`;
  const each = candidates.map(({ name, reasons }) => `${name}: ${reasons.join(', ')}`);
  const isCheckMissing = candidates.some(({ reasons }) => reasons.join() === notActive('unchecked'));
  const message =
    each.length === 0
      ? `There is no ${engine} server ${where}. An operator registers one with POST /v1/servers.`
      : `No ${engine} server ${where} has room for it (${each.join('; ')}). ${isCheckMissing ? CHECK : SHRINK}`;
  return fieldError('no_room', 'engine', message);
}

function sizeOf({ sizeBytesMax, headroomPercent }: ServerRoom): bigint | null {
  return sizeBytesMax === null ? null : (sizeBytesMax * BigInt(100 - headroomPercent)) / 100n;
}

function connectionsOf({ connectionsMax, headroomPercent, connectionsOvercommit }: ServerRoom): number | null {
  if (connectionsMax === null) return null;
  return Math.floor((connectionsMax * (100 - headroomPercent)) / 100) * connectionsOvercommit;
}

const MEGABYTE = 1024n ** 2n;

function megabytes(bytes: bigint): string {
  return `${bytes > 0n ? bytes / MEGABYTE : 0n} MiB`;
}
