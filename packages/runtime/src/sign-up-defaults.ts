// What everybody gets who signs up, as the environment says it: `engine=postgresql,plan=small,environment=development,quota=3`.
import { ENGINES, type EngineName } from '@berth/core';
import { z } from 'zod';

/** Names of what operators made, and how many databases. Whether there is such a plan is found when somebody signs up. */
export interface SignUpDefaults {
  engine: EngineName;
  plan: string;
  environment: string;
  quota: number;
}

const QUOTA_MAX = 100_000;
const name = z.string().regex(/^[^\p{Cc}\p{Surrogate}]{1,100}$/u);

const values = z.strictObject({
  engine: z.enum(ENGINES).default('postgresql'),
  plan: name.default('small'),
  environment: name.default('development'),
  quota: z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(QUOTA_MAX))
    .default(3),
});

/** Each part has a value for where it is left out; one that is not known, named twice or wrong is refused. */
export const signUpDefaults = z.string().transform((text, context): SignUpDefaults => {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const pairs = parts.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return [part.slice(0, Math.max(equals, 0)).trim(), part.slice(equals + 1).trim()];
  });
  const isOnce = new Set(pairs.map(([key]) => key)).size === pairs.length;
  const parsed = values.safeParse(Object.fromEntries(pairs));
  if (parsed.success && isOnce) return parsed.data;
  const engines = ENGINES.join(', ');
  context.addIssue(
    `must be name=value, separated by commas, each once: engine (${engines}), plan, environment, quota (1 to ${QUOTA_MAX})`,
  );
  return z.NEVER;
});
