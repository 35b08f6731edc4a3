// JSON schemas of the zod schemas that requests are parsed with and answers are promised by. Named ones become components.
import { z } from 'zod';

/** A JSON schema, or any part of the document. */
export type Json = Record<string, unknown>;

/** What components are called in the document. */
const COMPONENTS = '#/components/schemas/';

export interface Schemas {
  /** What a caller sends: what is filled in may be left out, and nothing else is known. */
  sent(schema: z.ZodType): Json;
  /** What a caller gets. A later version may add fields to it. */
  shown(schema: z.ZodType): Json;
  /** Every named schema so far. */
  components(): Json;
}

export function openSchemas(): Schemas {
  const named: Json = {};
  const known = { sent: new Map<z.ZodType, Json>(), shown: new Map<z.ZodType, Json>() };
  /** Each once: it is the most of the work, and many routes share theirs. */
  const converted = (schema: z.ZodType, side: keyof typeof known): Json => {
    const json = known[side].get(schema) ?? convert(schema, side === 'sent');
    known[side].set(schema, json);
    return json;
  };
  const convert = (schema: z.ZodType, isSent: boolean): Json => {
    const { $defs, properties } = z.toJSONSchema(z.object({ it: schema }), {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        tidy(jsonSchema);
        if (isSent) leaveOutFixed(zodSchema, jsonSchema);
        else if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    });
    for (const [name, component] of Object.entries($defs ?? {})) named[name] = withReferences(component);
    return withReferences(properties?.it ?? {});
  };
  return {
    sent: (schema) => converted(schema, 'sent'),
    shown: (schema) => converted(schema, 'shown'),
    components: () => named,
  };
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Without the bounds that every JavaScript integer has, and without the name, which is the component's. */
function tidy(schema: JsonSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  delete schema.id;
}

/** Fields that are known only to be refused in words of their own are no fields of the request. */
function leaveOutFixed(zodSchema: z.core.$ZodTypes, schema: JsonSchema): void {
  if (zodSchema._zod.def.type !== 'object') return;
  for (const [field, inner] of Object.entries(zodSchema._zod.def.shape)) {
    if (isFixed(inner)) delete schema.properties?.[field];
  }
}

function isFixed(schema: z.core.$ZodType): boolean {
  const { def } = schema._zod;
  if (def.type === 'optional' && 'innerType' in def && def.innerType instanceof z.ZodType)
    return isFixed(def.innerType);
  return def.type === 'undefined';
}

/** Zod names components inside the schema; the document has them in one place. */
function withReferences(schema: unknown): Json {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', COMPONENTS) : value,
  );
  return JSON.parse(text); // written a line above
}
