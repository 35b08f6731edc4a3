// Every error of the one table in the words of every dialect: a refusal stays a refusal and a fault a fault, and clients of other
// products read none of our ids.
import { ERRORS, type ErrorCode, isErrorCode, newId, PlatformError } from '@berth/core';
import express from 'express';
import request from 'supertest';
import { DIALECTS } from '.';
import type { Dialect } from './dialect';

const CODES = Object.keys(ERRORS).filter(isErrorCode);
const OURS = /\b[a-z]{2,5}_[0-7][0-9a-hjkmnp-tv-z]{25}\b/;
const MESSAGE = `The database ${newId('database')} stands in the way of ${newId('action')}.`;

/** What some products have no other word for than "not now". */
const MAYBE_LATER: ErrorCode[] = ['no_server', 'too_many_requests'];

/** Answers with the error that the query names, of the field that it names. */
function appOf({ renderError }: Dialect): express.Express {
  const app = express();
  app.all('/databases', (asked, response) => {
    const { code, field } = asked.query;
    const fields = field === undefined ? [] : [{ field: String(field), message: MESSAGE }];
    renderError(new PlatformError(readCode(code), MESSAGE, { fields, retryAfterMs: 1_000 }), asked, response);
  });
  return app;
}

function readCode(code: unknown): ErrorCode {
  const known = CODES.find((each) => each === code);
  if (known === undefined) throw new Error(`There is no code ${code}.`);
  return known;
}

test.each(DIALECTS)(
  '$name has an answer to every error, of its own class, that its clients can read',
  async (dialect) => {
    const app = appOf(dialect);
    for (const code of CODES) {
      const { status: ours } = ERRORS[code];
      const isRefusal = ours < 500 && !MAYBE_LATER.includes(code);
      const isFault = ours >= 500 && ours !== 501 && ours !== 507; // what is not built or has no room is no fault
      for (const answer of await Promise.all([
        request(app).get(`/databases?code=${code}`),
        request(app).post(`/databases?code=${code}&field=name`),
        request(app).post(`/databases?code=${code}&field=engine`),
      ])) {
        const { headers, status, text = '' } = answer;
        const isOfItsClass = status >= (isFault ? 500 : 400) && status < (isRefusal ? 500 : 600);
        expect([code, status, isOfItsClass]).toEqual([code, status, true]);
        if (status !== 404) expect([code, headers['content-type']]).toEqual([code, expect.stringMatching(/json/)]);
        if (dialect.documented === undefined) expect([code, text]).toEqual([code, expect.not.stringMatching(OURS)]);
      }
    }
  },
);
