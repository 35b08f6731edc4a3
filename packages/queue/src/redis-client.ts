// A connection to Redis, one server or a Cluster, with every copy that BullMQ makes of it for its blocking commands: what
// was opened here can be ended here, whatever hangs.
import type { Secret } from '@berth/core';
import { Cluster, Redis } from 'ioredis';
import { parseRedisUrl, type RedisPlace } from './redis-url';

export type RedisClient = Redis | Cluster;

export interface RedisClientOptions {
  url: Secret;
  /** Shown in CLIENT LIST. */
  name: string;
  /** Whether commands wait while the server is away; without, they fail at once. */
  isPatient: boolean;
}

export interface OpenRedis {
  /** Connects when it is first needed. A first try that fails is told to whoever needed it. */
  client: RedisClient;
  /** Ends it and its copies at once; what waits for an answer fails. They stay ended. Safe to repeat. */
  end(): void;
}

const CONNECT_MS_MAX = 5_000;
/** A socket whose other end says nothing is thrown away after this long. */
const DISCONNECT_MS_MAX = 250;
/** Reconnecting begins after this long and slows down to this. */
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 2_000;

/** Makes the connection; end it. Throws `invalid_request` for a URL that is wrong. */
export function openRedisClient(asked: RedisClientOptions): OpenRedis {
  const { nodes, ...access } = parseRedisUrl(asked.url);
  const options = optionsOf(access, asked);
  const opened: RedisClient[] = [];
  const remember = <T extends RedisClient>(client: T): T => {
    client.on('error', () => {}); // BullMQ hands on what it hears; without any listener ioredis prints it
    opened.push(client);
    return client;
  };
  const [node] = nodes;
  const client =
    node !== undefined && nodes.length === 1
      ? rememberCopies(new Redis({ ...options, ...node, retryStrategy: delayMsOf }), remember)
      : rememberClusterCopies(openCluster(nodes, options), remember);
  remember(client);
  return { client, end: () => opened.forEach(endClient) };
}

function optionsOf(access: Omit<RedisPlace, 'nodes'>, { name, isPatient }: RedisClientOptions) {
  return {
    ...access,
    connectionName: name,
    connectTimeout: CONNECT_MS_MAX,
    disconnectTimeout: DISCONNECT_MS_MAX,
    enableOfflineQueue: isPatient,
    lazyConnect: true,
    maxRetriesPerRequest: null, // as BullMQ's workers need it; how long to wait is decided by who asks
  };
}

function openCluster(nodes: RedisPlace['nodes'], redisOptions: ReturnType<typeof optionsOf>): Cluster {
  return new Cluster(nodes, {
    redisOptions,
    enableOfflineQueue: redisOptions.enableOfflineQueue,
    lazyConnect: true,
    clusterRetryStrategy: delayMsOf,
    dnsLookup: (address, callback) => callback(null, address), // a certificate holds the name, not its address
  });
}

const delayMsOf = (tries: number) => Math.min(RECONNECT_MS_MIN * tries, RECONNECT_MS_MAX);

type Remember = <T extends RedisClient>(client: T) => T;

function rememberCopies(client: Redis, remember: Remember): Redis {
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override) => remember(duplicate(override));
  return client;
}

function rememberClusterCopies(client: Cluster, remember: Remember): Cluster {
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (startNodes, override) => remember(duplicate(startNodes, override));
  return client;
}

/** BullMQ connects again what was lost, also while it closes. */
function endClient(client: RedisClient): void {
  client.connect = () => Promise.reject(new Error('This connection to Redis was ended'));
  if (client.status === 'reconnecting') client.status = 'wait'; // without a socket ioredis 6.0 would wait for its end for ever
  client.disconnect();
}
