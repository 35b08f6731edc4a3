// A credential: one login on one server, with grants on databases of that server.
//
//   creating ----> active ----> deleted
//       '--> failed ---------------^        (one that is still being made may become deleted too)

export const CREDENTIAL_STATES = ['creating', 'active', 'failed', 'deleted'] as const;
export type CredentialState = (typeof CREDENTIAL_STATES)[number];

export const ROLES = ['owner', 'readwrite', 'readonly'] as const;
export type Role = (typeof ROLES)[number];

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}
