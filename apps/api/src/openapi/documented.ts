// Everything that the document tells of: each dialect's own, and health. What is not here on purpose is in the test.
import { DIALECTS } from '../dialects';
import { HEALTH_ROUTES } from '../health';
import type { DocumentedRoute } from '../http/route';

/** At their whole addresses. */
export const DOCUMENTED_ROUTES: DocumentedRoute[] = [
  ...DIALECTS.flatMap(({ documented = [], mount }) =>
    documented.map((route) => ({ ...route, path: `${mount}${route.path}` })),
  ),
  ...HEALTH_ROUTES,
];
