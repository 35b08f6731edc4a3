// The OpenAPI 3.1 document: made of what the routes say of themselves, and of nothing else.
import { version } from '../../package.json';
import type { Operation } from '../http/operation';
import { problemShape } from '../http/problem-shape';
import type { DocumentedRoute } from '../http/route';
import { parametersOf, requestBodyOf } from './requests';
import { openResponses } from './responses';
import { type Json, openSchemas } from './schemas';
import { COMPONENT_HEADERS, COMPONENT_PARAMETERS, INTRODUCTION, tagsOf } from './words';

/** `/v1/databases/:id` as OpenAPI writes it. */
export function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

/** The whole document, as JSON has it. The routes have their whole addresses, in Express's language: `/v1/databases/:id`. */
export function documentOf(routes: DocumentedRoute[]): Json {
  const schemas = openSchemas();
  const responses = openResponses(schemas);
  schemas.shown(problemShape);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const template = templateOf(route.path);
    paths[template] = { ...paths[template], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Berth',
      version,
      summary: 'Databases for teams, on servers they already own.',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document came from.' }],
    tags: tagsOf(routes.map(({ operation }) => operation.tag)),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token: `Authorization: Bearer berth_…`. None of its scopes includes another.',
        },
      },
      parameters: COMPONENT_PARAMETERS,
      headers: COMPONENT_HEADERS,
      responses: responses.components(),
      schemas: schemas.components(),
    },
  };

  function operationOf(route: DocumentedRoute): Json {
    const { operation } = route;
    const body = requestBodyOf(schemas, operation);
    return {
      operationId: operation.id,
      tags: [operation.tag],
      summary: operation.summary,
      description: descriptionOf(operation),
      security: operation.scopes.map((scope) => ({ token: [scope] })),
      parameters: parametersOf(schemas, route),
      ...(body !== null && { requestBody: body }),
      responses: responses.of(route),
    };
  }
}

function descriptionOf({ description, scopes }: Operation): string {
  const opened =
    scopes.length === 0 ? 'Needs no token.' : `Needs a token with the scope ${scopes.map(code).join(' or ')}.`;
  return description === undefined ? opened : `${description}\n\n${opened}`;
}

const code = (text: string) => `\`${text}\``;
