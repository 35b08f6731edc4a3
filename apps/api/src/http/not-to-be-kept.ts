// Answers of every dialect hold states that change, and some of them passwords: nobody on the way may keep one.
import type { RequestHandler } from 'express';

/** Says so (`Cache-Control`), of what is refused as well. */
export const notToBeKept: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
