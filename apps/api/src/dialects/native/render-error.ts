// Errors in the native API's words: problem documents, as every address outside a dialect answers as well.
import { renderProblem } from '../../http/problem';
import type { Dialect } from '../dialect';

export const renderError: Dialect['renderError'] = renderProblem;
