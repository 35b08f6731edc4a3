// Errors in the native API's words: problem documents, of which the rest of the API makes use as well.

import { sendProblem } from '../../http/problem';
import type { Dialect } from '../dialect';

export const renderError: Dialect['renderError'] = (error, _request, response) => sendProblem(error, response);
