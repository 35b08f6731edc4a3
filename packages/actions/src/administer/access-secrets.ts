// What an access is opened with: made here, hashed where it is only compared and sealed where Berth computes with it.
import type { AccessKind, Secret } from '@berth/core';
import {
  hashPassword,
  hashToken,
  type KeyRing,
  makeMasterKey,
  makePassword,
  makeSessionSecret,
  makeSignerKey,
  makeToken,
  tokenOfSigner,
} from '@berth/secrets';
import { accessContext } from '../sealed-contexts';

/** What the store keeps of it, by kind. */
type Kept =
  | { kind: 'bearer'; secretHash: string }
  | { kind: 'basic'; secretHash: string }
  | { kind: 'session'; parentId: null; secretHash: string }
  | { kind: 'cosmos_key' | 'jwt_signer'; secretSealed: string };

/** What the store keeps, and what there is to show: nothing of a password that was chosen. */
export interface MadeSecret {
  kept: Kept;
  made: Secret | null;
}

/** Outside of a transaction: a password's hash takes its time. */
export async function makeAccessSecret(
  keyRing: KeyRing,
  id: string,
  kind: AccessKind,
  chosen: Secret | undefined,
): Promise<MadeSecret> {
  const seal = (key: Secret) => keyRing.seal(key, accessContext(id));
  switch (kind) {
    case 'bearer': {
      const token = makeToken();
      return { kept: { kind, secretHash: hashToken(token) }, made: token };
    }
    case 'basic': {
      const password = chosen ?? makePassword();
      const made = chosen === undefined ? password : null;
      return { kept: { kind, secretHash: await hashPassword(password) }, made };
    }
    case 'session': {
      const secret = makeSessionSecret();
      return { kept: { kind, parentId: null, secretHash: hashToken(secret) }, made: secret };
    }
    case 'cosmos_key': {
      const key = makeMasterKey();
      return { kept: { kind, secretSealed: seal(key) }, made: key };
    }
    case 'jwt_signer': {
      const key = makeSignerKey();
      return { kept: { kind, secretSealed: seal(key) }, made: tokenOfSigner(id, key) };
    }
    default:
      return kind satisfies never;
  }
}

/** Opens the key of an access that has one. Throws `key_missing`; `internal` for one that has none. */
export function openAccessKey(keyRing: KeyRing, access: { id: string; secret_sealed: string | null }): Secret {
  return keyRing.open(access.secret_sealed ?? '', accessContext(access.id));
}
