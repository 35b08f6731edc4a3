// A credential as the native API shows it, without its password and with it.

import type { Revealed } from '@berth/actions';
import { CREDENTIAL_STATES, ROLES } from '@berth/core';
import type { Access, CredentialView } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { idShape as id } from '../../../http/id-shape';
import { seesDatabase } from '../reach';
import { type Shown, time } from './parts';

const grantShape = z.strictObject({ database_id: id('database'), database: z.string(), role: z.enum(ROLES) });
const fields = {
  id: id('credential'),
  number: z.int(),
  username: z.string(),
  engine_username: z.string().describe('What its server calls it: log in with this.'),
  state: z.enum(CREDENTIAL_STATES),
  grants: z.array(grantShape).describe('Those that you may see.'),
  created_at: time,
  delete_accepted_at: time.nullable(),
  deleted_at: time.nullable(),
};
const EXAMPLE = {
  id: EXAMPLE_IDS.credential,
  number: 57,
  username: 'orders',
  engine_username: 'orders',
  state: 'active' as const,
  grants: [{ database_id: EXAMPLE_IDS.database, database: 'orders', role: 'owner' as const }],
  created_at: EXAMPLE_TIMES.asked,
  delete_accepted_at: null,
  deleted_at: null,
};
const PASSWORD = 'an-example-of-a-password-of-32-letters';
const URI = `postgresql://orders:${PASSWORD}@pg-1.example.org:5432/orders?sslmode=require`;

export const credentialShape = z.strictObject(fields).meta({
  id: 'Credential',
  description: 'One login on one server, with a role in each of its databases.',
  examples: [EXAMPLE],
});

export const revealedShape = z
  .strictObject({
    ...fields,
    grants: z.array(
      grantShape.extend({ uri: z.string().nullable().describe('Null where the login does not work at the moment.') }),
    ),
    password: z.string(),
    ca_certificate: z
      .string()
      .nullable()
      .describe('PEM, by which clients verify the server; null: by those that they know. A URL cannot hold it.'),
    uri: z.string().describe('Of its oldest grant that works.'),
  })
  .meta({
    id: 'RevealedCredential',
    description: 'A credential with its password. That it was shown is in the audit.',
    examples: [
      {
        ...EXAMPLE,
        grants: EXAMPLE.grants.map((grant) => ({ ...grant, uri: URI })),
        password: PASSWORD,
        ca_certificate: null,
        uri: URI,
      },
    ],
  });

/** With its grants that the access may see. */
export function showCredential(access: Access, credential: CredentialView): Shown<typeof credentialShape> {
  return { ...showLogin(credential), grants: showGrants(access, credential) };
}

export function showRevealed(
  access: Access,
  credential: CredentialView,
  { caCertificate, password, uri, uris }: Revealed,
): Shown<typeof revealedShape> {
  const grants = showGrants(access, credential).map((grant) => ({
    ...grant,
    uri: uris.get(grant.database_id) ?? null,
  }));
  return { ...showLogin(credential), grants, password, ca_certificate: caCertificate, uri };
}

function showLogin(credential: CredentialView) {
  return {
    id: credential.id,
    number: credential.number,
    username: credential.username,
    engine_username: credential.engine_username,
    state: credential.state,
    created_at: credential.created_at,
    delete_accepted_at: credential.delete_accepted_at,
    deleted_at: credential.deleted_at,
  };
}

function showGrants(access: Access, { grants }: CredentialView) {
  return grants
    .filter(({ database }) => seesDatabase(access, database))
    .map(({ database, database_id, role }) => ({ database_id, database: database.name, role }));
}
