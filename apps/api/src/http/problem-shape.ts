// The shape of a problem document, as the API's document tells it.
import { ERRORS, type ErrorCode } from '@berth/core';
import { z } from 'zod';
import { idShape } from './id-shape';

const CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS);

/** Of any code. What one route answers is narrower. */
export const problemShape = z
  .strictObject({
    type: z
      .string()
      .regex(/^\/docs\/errors#[a-z_]+$/)
      .describe('Where the code is explained.'),
    title: z.string(),
    status: z.int(),
    code: z.enum(CODES).describe('What happened, for programs. It never changes.'),
    detail: z.string().describe('What happened and what to do, for people.'),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .describe('One for each field of the request that is wrong.'),
    action_id: idShape('action').optional().describe('The action that stands against the request.'),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457).' });
