// The character set and collation that a database is asked for in: what can be known without a server is refused here, by name.
import { type EngineName, type FieldProblem, fieldError, PlatformError } from '@berth/core';
import type { CharsetRules } from '@berth/engines/contract';
import { rulesOf } from '@berth/engines/rules';

export interface AskedCharset {
  charset?: string | undefined;
  collation?: string | undefined;
}

/** Spelt as the engine shows it; null where nothing was asked for. */
export interface ReadCharset {
  charset: string | null;
  collation: string | null;
}

/**
 * Throws `disagree` for an engine whose databases have none of their own, and for a collation of another character set;
 * `unknown_reference` for what no server of the engine knows. Whether one knows the collation, it alone can tell.
 */
export function readCharset(engine: EngineName, asked: AskedCharset): ReadCharset {
  const rules = rulesOf(engine).charsets;
  if (rules === null) {
    refuseAny(engine, asked);
    return { charset: null, collation: null };
  }
  const charset = asked.charset === undefined ? null : findCharset(engine, rules, asked.charset);
  const collation = asked.collation ?? null;
  if (collation !== null && !rules.canBeCollation(collation)) {
    throw fieldError('unknown_reference', 'collation', `${engine} has no collation "${collation}".`);
  }
  refuseUnfit(rules, charset, collation);
  return { charset, collation };
}

function findCharset(engine: EngineName, rules: CharsetRules, asked: string): string {
  const found = rules.findCharset(asked);
  if (found !== null) return found;
  const message = `${engine} has no character set "${asked}". There are: ${rules.charsets.join(', ')}.`;
  throw fieldError('unknown_reference', 'charset', message);
}

function refuseUnfit(rules: CharsetRules, charset: string | null, collation: string | null): void {
  const own = collation === null ? null : rules.charsetOfCollation(collation);
  if (charset === null || own === null || own === charset) return;
  throw disagree(
    ['charset', 'collation'],
    `The collation ${collation} is of the character set ${own}, not ${charset}.`,
  );
}

function refuseAny(engine: EngineName, asked: AskedCharset): void {
  const named = (['charset', 'collation'] as const).filter((field) => asked[field] !== undefined);
  if (named.length === 0) return;
  const message = `Databases of ${engine} have no character set and no collation of their own; leave them out.`;
  throw disagree([...named, 'engine'], message);
}

function disagree(names: string[], message: string): PlatformError {
  const fields: FieldProblem[] = names.map((field) => ({ field, message }));
  return new PlatformError('disagree', `${names.join(' and ')} do not fit each other. ${message}`, { fields });
}
