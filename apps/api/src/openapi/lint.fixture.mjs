// Lints the documents that come on stdin and writes what is wrong with each to stdout, as JSON. A process of its own, because
// the linter is an ES module and a test is not.
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const rules = {
  // beyond the strict ones
  'no-invalid-parameter-examples': 'error',
  'no-invalid-schema-examples': 'error',
  'no-ambiguous-paths': 'error',
  'operation-description': 'error',
  'operation-tag-defined': 'error',
  'operation-singular-tag': 'error',
  'parameter-description': 'error',
  'tag-description': 'error',
};

const config = await createConfig({ extends: ['recommended-strict'], rules });
const found = [];
for (const document of JSON.parse(await text(process.stdin))) {
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  found.push(problems.map(({ location, message, ruleId }) => `${ruleId}: ${message} ${location[0]?.pointer}`));
}
process.stdout.write(JSON.stringify(found));
