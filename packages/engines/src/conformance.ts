// The suite that says when an engine is done. Every engine passes it against a real server, shared with other tests:
// names are unique, nobody else's session is ended. What only one engine can get wrong is tested in its own folder.
import { describeAccess } from './conformance/access';
import { describeAdoption } from './conformance/adoption';
import { describeCharsets } from './conformance/charsets';
import { describeDeadline } from './conformance/deadline';
import { describeDeeds, describeEvidence } from './conformance/evidence';
import { type EngineServer, openGround } from './conformance/ground';
import { describeLock } from './conformance/lock';
import { describeNames, describePasswords } from './conformance/names';
import { describeOwnership } from './conformance/ownership';
import { describeProofs } from './conformance/proofs';
import { describeRoles } from './conformance/roles';
import { describeSeen } from './conformance/seen';
import { describeServer } from './conformance/server';
import { describeSessions } from './conformance/sessions';
import type { Engine } from './contract';

export { adminOf, type EngineServer, type TenantSession } from './conformance/ground';

const PARTS = {
  server: describeServer,
  seen: describeSeen,
  adoption: describeAdoption,
  ownership: describeOwnership,
  charsets: describeCharsets,
  access: describeAccess,
  roles: describeRoles,
  sessions: describeSessions,
  proofs: describeProofs,
  lock: describeLock,
  deadline: describeDeadline,
  names: describeNames,
  passwords: describePasswords,
  evidence: describeEvidence,
};

/** What a second run of an engine leaves out, and why; `tell` registers and prints it as left out (describeWhere). */
export interface LeftOut {
  parts: Partial<Record<keyof typeof PARTS, string>>;
  tell(condition: false, reason: string, name: string, body: () => void): void;
}

/** Registers the suite for `engine` with Jest; `makeServer` is called once and its server closed at the end. */
export function describeEngine(engine: Engine, makeServer: () => Promise<EngineServer>, leftOut?: LeftOut): void {
  describe(`${engine.name} is an engine`, () => {
    const ground = openGround(engine, makeServer);
    const reasons: Partial<Record<string, string>> = leftOut?.parts ?? {};
    for (const [part, describePart] of Object.entries(PARTS)) {
      const reason = reasons[part];
      if (leftOut === undefined || reason === undefined) describePart(ground);
      else leftOut.tell(false, reason, part, () => describePart(ground));
    }
    if (leftOut === undefined) describeDeeds(ground);
  });
}
