// Reading a request's body, when its handler asks for it: nothing is read for a caller who is not known yet.
import { PlatformError } from '@berth/core';
import express, { type RequestHandler } from 'express';
import type { Call } from './route';

/** Kinds of bodies that are read. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'anyAsJson';

/** Of the body as it is when unpacked. A database's labels at their longest are half of it. */
const BODY_BYTES_MAX = 100 * 1024;

const readBytes = express.raw({ limit: BODY_BYTES_MAX, type: () => true });

/** By its Content-Type; null: whatever that says, and where there is none. */
const READERS: Record<BodyKind, { type: string | null; read: RequestHandler }> = {
  json: { type: 'application/json', read: express.json({ limit: BODY_BYTES_MAX }) },
  form: {
    type: 'application/x-www-form-urlencoded',
    read: express.urlencoded({ limit: BODY_BYTES_MAX, extended: false }),
  },
  multipart: { type: 'multipart/form-data', read: readBytes },
  anyAsJson: { type: null, read: readBytes },
};

/**
 * The parsed body, not yet checked; undefined when there is none. JSON is an object or an array; a form's names stay as
 * they were sent (`ids[]`), and one sent twice is an array; of a multipart form files are left out. `anyAsJson` is JSON of
 * any kind, a text alone too, whatever its Content-Type. Throws `unsupported_media_type`, `malformed_body`, or what `ourErrorOf`
 * makes `malformed_body` or `body_too_large` of.
 */
export async function readBody({ request, response }: Call, kinds: BodyKind[] = ['json']): Promise<unknown> {
  if (request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0) {
    return undefined;
  }
  const reader = kinds.map((kind) => READERS[kind]).find(({ type }) => type === null || request.is(type) !== false);
  if (reader === undefined) {
    const types = kinds.flatMap((kind) => READERS[kind].type ?? []).join(' or ');
    throw new PlatformError('unsupported_media_type', `Send the body as ${types}, and say so in Content-Type.`);
  }
  await new Promise<void>((resolve, reject) => {
    void reader.read(request, response, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  const body: unknown = request.body;
  if (reader === READERS.anyAsJson) return jsonOf(body);
  return reader === READERS.multipart ? fieldsOf(body, request.get('content-type') ?? '') : body;
}

/** Of the bytes of a body; undefined when there are none. */
function jsonOf(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new PlatformError('malformed_body', 'The body is no JSON.', { cause });
  }
}

/** Taken apart by Node's own reader of forms. Throws `malformed_body`. */
async function fieldsOf(body: unknown, type: string): Promise<Record<string, string | string[]>> {
  const whole = new Response(Buffer.isBuffer(body) ? new Uint8Array(body) : null, {
    headers: { 'content-type': type },
  });
  const form = await whole.formData().catch((cause: unknown) => {
    throw new PlatformError('malformed_body', 'The body is not what its Content-Type says.', { cause });
  });
  const fields: Record<string, string | string[]> = {};
  for (const name of new Set(form.keys())) {
    const texts = form.getAll(name).filter((value) => typeof value === 'string');
    const [only] = texts;
    if (only !== undefined) fields[name] = texts.length === 1 ? only : texts;
  }
  return fields;
}
