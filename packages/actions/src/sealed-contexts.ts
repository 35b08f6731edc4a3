// What each sealed text is bound to: the row that it belongs to. In one place, because whoever seals anew or opens a
// sample must know all of them.
import type { SealedPlace } from '@berth/store';

/** A credential's password, the pending one too. */
export function secretContext(credentialId: string): string {
  return `credential/${credentialId}/password`;
}

/** The admin access to a server. */
export function adminContext(serverId: string): string {
  return `server/${serverId}/admin`;
}

/** The key of an access. */
export function accessContext(accessId: string): string {
  return `access/${accessId}/secret`;
}

/** What a request with an Idempotency-Key was answered. */
export function answerContext(accessId: string, key: string): string {
  return `idempotency/${accessId}/${key}`;
}

/** Of any row, by the values of its primary key. */
export function sealedContext(place: SealedPlace, [id = '', key = '']: string[]): string {
  switch (place) {
    case 'credentials.secret_sealed':
    case 'credentials.pending_secret_sealed':
      return secretContext(id);
    case 'servers.admin_sealed':
      return adminContext(id);
    case 'idempotency_keys.answer_sealed':
      return answerContext(id, key);
    case 'accesses.secret_sealed':
      return accessContext(id);
    case 'endpoints.secret_sealed': // there are no endpoints yet
      return `endpoint/${id}/secret`;
    default:
      return place satisfies never;
  }
}
