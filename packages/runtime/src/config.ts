// Everything a process reads from its environment, parsed once. The only reader of `process.env` among the processes;
// ARCHITECTURE.md names the tools that read it as well.
import { isIP } from 'node:net';
import { PlatformError, Secret } from '@berth/core';
import { z } from 'zod';
import { type SignUpDefaults, signUpDefaults } from './sign-up-defaults';
import type { TracingConfig } from './tracing';

/** What Express calls loopback, link-local and private addresses. */
const PRIVATE = ['loopback', 'linklocal', 'uniquelocal'];

const port = z.coerce.number().int().min(0).max(65_535);
const secret = (schema: z.ZodString) => schema.transform((text) => new Secret(text));
const UNREADABLE =
  'cannot be read as postgres://user:password@host:port/database; percent-encode @ / ? # : % in user and password';

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
  .refine((text) => !isPostgres(text) || isReadable(text), UNREADABLE);

const queueUrl = z
  .string()
  .regex(/^(postgres(ql)?|rediss?):\/\//, 'must begin with postgres://, redis:// or rediss://')
  .refine((text) => !isPostgres(text) || isReadable(text), UNREADABLE); // that of Redis is read by the queue

/** Addresses, networks (`10.0.0.0/8`) and Express's names for the private ones, separated by commas. */
const addresses = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((list) => list.every(isNetwork), `must be addresses, networks (10.0.0.0/8) or ${PRIVATE.join(', ')}`);

/** `dialect=host,dialect=host` → the dialect of each host, whose case and last dot do not count. Which dialects there are the api knows. */
const dialectHosts = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim().toLowerCase().split('=')))
  .refine(
    (pairs) => pairs.every((pair) => /^[a-z0-9]+=[a-z0-9_](?!.*\.\.)[a-z0-9._-]{0,252}$/.test(pair.join('='))),
    'must be dialect=host, separated by commas, the host without scheme, port and path: globo=dbaas.example.org',
  )
  .transform((pairs) => pairs.map(([dialect = '', host = '']) => [host.replace(/\.$/, ''), dialect] as const))
  .refine(
    (pairs) => new Set(pairs.map(([host]) => host)).size === pairs.length,
    'must name each host once: it is one dialect’s alone',
  )
  .transform((pairs): ReadonlyMap<string, string> => new Map(pairs));

/** As browsers write them in `Origin`: scheme, host, and a port that is not the scheme's own (RFC 6454, 6.1). */
const origins = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine(
    (list) => list.every((each) => /^https?:/.test(each) && URL.canParse(each) && new URL(each).origin === each),
    'must be origins as browsers send them, separated by commas: https://app.example.org,http://localhost:3000',
  );

/** `name=value,name=value`: checked here so that a wrong one is named at the start, and not when the first span is sent. */
const headerList = z
  .string()
  .regex(/^\s*[\w-]+=[^,]*(,\s*[\w-]+=[^,]*)*$/, 'must be name=value, separated by commas')
  .refine((text) => isDecodable(text), 'must be percent-encoded');

/** Ids of keys, as they stand in BERTH_KEYS before the colon; a whole entry would put a key where ids are printed. */
const keyIds = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine(
    (ids) => ids.every((id) => /^[A-Za-z0-9_-]{1,32}$/.test(id)),
    'must be ids of keys, without the keys, separated by commas',
  );

/** How long something is kept; 0 is for ever. */
const keepDays = (days: number) => z.coerce.number().int().min(0).max(36_500).default(days);

const schema = z.object({
  /** Where Berth remembers: a PostgreSQL database of its own. */
  BERTH_STORE_URL: secret(postgresUrl),
  /** Where BullMQ keeps its jobs: PostgreSQL or Redis. Without it: the store's database. */
  BERTH_QUEUE_URL: secret(queueUrl).optional(),
  /** The key ring; packages/secrets reads it. */
  BERTH_KEYS: secret(z.string().min(1)),
  /** Keys that are lost for good: what they sealed stays shut, and a process starts in spite of it. */
  BERTH_KEYS_LOST: keyIds.default([]),
  BERTH_HOST: z.string().min(1).default('127.0.0.1'),
  BERTH_PORT: port.default(8080),
  BERTH_TRUSTED_PROXIES: addresses.default([]),
  BERTH_DIALECT_HOSTS: dialectHosts.default(new Map()),
  BERTH_ALLOWED_ORIGINS: origins.default([]),
  BERTH_OPEN_SIGNUP: z.enum(['true', 'false']).default('false'),
  BERTH_SIGNUP_DEFAULTS: signUpDefaults.prefault(''),
  BERTH_METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  /** Without it nothing listens there. */
  BERTH_METRICS_PORT: port.optional(),
  /** Without it nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: secret(headerList).optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  BERTH_MIGRATE: z.enum(['apply', 'refuse']).default('apply'),
  BERTH_LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  BERTH_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(8),
  BERTH_SERVER_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(4),
  BERTH_HIDDEN_QUARANTINE: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .refine(
      (names) => names.every((name) => /^[a-z0-9]+$/.test(name)),
      'must be names of dialects, separated by commas',
    )
    .refine((names) => !names.includes('native'), 'native shows its quarantine; leave it out'),
  BERTH_SWEEP_INTERVAL_MS: z.coerce.number().int().min(50).max(60_000).default(5_000),
  BERTH_REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).max(10_000_000).default(6_000),
  BERTH_REFUSALS_PER_MINUTE: z.coerce.number().int().min(0).max(10_000_000).default(60),
  BERTH_REFRESH_INTERVAL_MINUTES: z.coerce.number().int().min(0).max(100_000).default(10),
  BERTH_FAILED_KEEP_MINUTES: z.coerce.number().int().min(0).max(1_000_000).default(60),
  BERTH_KEEP_ACTIONS_DAYS: keepDays(90),
  BERTH_KEEP_REFRESHES_DAYS: keepDays(7),
  BERTH_KEEP_EVENTS_DAYS: keepDays(30),
  BERTH_KEEP_DELIVERIES_DAYS: keepDays(14),
  BERTH_KEEP_AUDIT_DAYS: keepDays(400),
  BERTH_KEEP_TOMBSTONES_DAYS: keepDays(90),
});

/** The environment as a process uses it: `.env.example` says what each means. */
export interface Config {
  storeUrl: Secret;
  queueUrl: Secret;
  keys: Secret;
  keysLost: string[];
  host: string;
  port: number;
  trustedProxies: string[];
  /** Names of hosts, in lower case, that a dialect has for itself → its name, of which the api knows whether there is one. */
  dialectHosts: ReadonlyMap<string, string>;
  /** Of pages of other sites that may call dialects whose clients are pages. */
  allowedOrigins: string[];
  /** What strangers get who sign up; null: nobody can. */
  signUp: SignUpDefaults | null;
  /** Where /metrics and the questions about health are answered, on every process; `port` null: nowhere. */
  metrics: { host: string; port: number | null };
  /** Where traces are sent; null: nowhere. */
  tracing: TracingConfig | null;
  migrate: 'apply' | 'refuse';
  logLevel: string;
  workerConcurrency: number;
  /** Of one server, in each worker; less than `workerConcurrency`, whatever the environment says, unless that is one. */
  serverConcurrency: number;
  sweepIntervalMs: number;
  /** Of one access, in each API process; 0 is no limit. */
  requestsPerMinute: number;
  /** Tokens and passwords that open nothing, of one address, and for one login, in each API process; 0 is no limit. */
  refusalsPerMinute: number;
  /** How often maintenance has each server looked at; 0 is never. */
  refreshIntervalMinutes: number;
  /** How long what a create failed to make is kept for a look at it, and for another try. */
  failedKeepMinutes: number;
  /** How many days each is kept after it ended; 0 is for ever. */
  keepDays: Record<'actions' | 'refreshes' | 'events' | 'deliveries' | 'audit' | 'tombstones', number>;
  /** Dialects whose permanent deletes keep the data, unseen by their clients. */
  hiddenQuarantine: string[];
}

/** Of those that a process does not start without. */
const HOW_TO_SET: Record<string, string> = {
  BERTH_STORE_URL: 'Name a PostgreSQL database of its own: postgres://user:password@host:5432/berth',
  BERTH_KEYS: 'Make a key with: echo "k1:$(openssl rand -base64 32)"',
};

/** The variables that `readConfig` knows, for the check against .env.example. */
export const CONFIG_VARIABLES: string[] = Object.keys(schema.shape);

/**
 * Reads the environment. Throws `invalid_request` that names every variable that is missing or wrong, and never a
 * value: an environment holds secrets.
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path, message }) => {
      const field = path.join('.');
      return {
        field,
        message: present[field] === undefined ? `is not set. ${HOW_TO_SET[field] ?? ''}`.trim() : message,
      };
    });
    const list = fields.map(({ field, message }) => `  ${field}: ${message}`).join('\n');
    throw new PlatformError('invalid_request', `The environment is not valid:\n${list}\nSee .env.example.`, {
      fields,
    });
  }
  const env = parsed.data;
  return {
    storeUrl: env.BERTH_STORE_URL,
    queueUrl: env.BERTH_QUEUE_URL ?? env.BERTH_STORE_URL,
    keys: env.BERTH_KEYS,
    keysLost: env.BERTH_KEYS_LOST,
    host: env.BERTH_HOST,
    port: env.BERTH_PORT,
    trustedProxies: env.BERTH_TRUSTED_PROXIES,
    dialectHosts: env.BERTH_DIALECT_HOSTS,
    allowedOrigins: env.BERTH_ALLOWED_ORIGINS,
    signUp: env.BERTH_OPEN_SIGNUP === 'true' ? env.BERTH_SIGNUP_DEFAULTS : null,
    metrics: { host: env.BERTH_METRICS_HOST, port: env.BERTH_METRICS_PORT ?? null },
    tracing: tracingOf(env),
    migrate: env.BERTH_MIGRATE,
    logLevel: env.BERTH_LOG_LEVEL,
    workerConcurrency: env.BERTH_WORKER_CONCURRENCY,
    serverConcurrency: Math.min(env.BERTH_SERVER_CONCURRENCY, Math.max(env.BERTH_WORKER_CONCURRENCY - 1, 1)),
    sweepIntervalMs: env.BERTH_SWEEP_INTERVAL_MS,
    requestsPerMinute: env.BERTH_REQUESTS_PER_MINUTE,
    refusalsPerMinute: env.BERTH_REFUSALS_PER_MINUTE,
    refreshIntervalMinutes: env.BERTH_REFRESH_INTERVAL_MINUTES,
    failedKeepMinutes: env.BERTH_FAILED_KEEP_MINUTES,
    keepDays: {
      actions: env.BERTH_KEEP_ACTIONS_DAYS,
      refreshes: env.BERTH_KEEP_REFRESHES_DAYS,
      events: env.BERTH_KEEP_EVENTS_DAYS,
      deliveries: env.BERTH_KEEP_DELIVERIES_DAYS,
      audit: env.BERTH_KEEP_AUDIT_DAYS,
      tombstones: env.BERTH_KEEP_TOMBSTONES_DAYS,
    },
    hiddenQuarantine: env.BERTH_HIDDEN_QUARANTINE,
  };
}

function tracingOf(env: z.infer<typeof schema>): TracingConfig | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = env;
  if (endpoint === undefined) return null;
  return { endpoint, headers: headers ?? new Secret(''), ratio: env.OTEL_TRACES_SAMPLER_ARG };
}

const isPostgres = (text: string) => /^postgres(ql)?:\/\//.test(text);

/** Whether the driver finds in it what was meant. `user@/database?host=…` leaves the host out, which it understands. */
function isReadable(text: string): boolean {
  const whole = text.replace('@/', '@host/');
  if (!URL.canParse(whole)) return false;
  const { username, password, pathname, hash } = new URL(whole);
  return hash === '' && !pathname.includes('@') && [username, password, pathname].every(isDecodable);
}

function isDecodable(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(text);
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0) return PRIVATE.includes(text);
  const bitsMax = version === 4 ? 32 : 128;
  return rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax));
}
