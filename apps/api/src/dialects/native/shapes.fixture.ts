// The shapes that tests hold answers against: those that the API's document is made of.
import { z } from 'zod';
import { actionShape } from './shapes/action';
import { credentialShape } from './shapes/credential';
import { databaseShape } from './shapes/database';
import { serverShape } from './shapes/operated';

export { problemShape } from '../../http/problem-shape';
export * from './shapes/access';
export { actionShape, singleActionShape } from './shapes/action';
export { auditShape } from './shapes/audit-entry';
export { credentialShape, revealedShape } from './shapes/credential';
export { databaseShape } from './shapes/database';
export * from './shapes/operated';
export { listOf as listShape } from './shapes/parts';

export const databaseAccepted = z.strictObject({ action: actionShape, database: databaseShape });
export const credentialAccepted = z.strictObject({ action: actionShape, credential: credentialShape });
export const serverAccepted = z.strictObject({ action: actionShape, server: serverShape });
