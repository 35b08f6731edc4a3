// An example of a shape: its own, or one put together of the examples of its parts.
import { z } from 'zod';

/** Throws where neither the shape nor its parts have one: whoever writes a shape is told by the test of the document. */
export function exampleOf(schema: z.ZodType): unknown {
  const { examples } = schema.meta() ?? {};
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (schema instanceof z.ZodNullable) return null;
  if (schema instanceof z.ZodArray) return [exampleOf(inner(schema.element))];
  if (schema instanceof z.ZodUnion) return exampleOf(inner(schema.options[0]));
  if (schema instanceof z.ZodObject) {
    return Object.fromEntries(Object.entries(schema.shape).map(([field, part]) => [field, exampleOf(inner(part))]));
  }
  throw new TypeError(`A shape of type ${schema.type} has no example.`);
}

function inner(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new TypeError('A part of a shape is no schema of zod.');
}
