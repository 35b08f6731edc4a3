// The suite that says when an engine is done. Every engine passes it against a real server, shared with other tests:
// names are unique, nobody else's session is ended. What only one engine can get wrong is tested in its own folder.
import { describeAccess } from './conformance/access';
import { describeDeadline } from './conformance/deadline';
import { type EngineServer, openGround } from './conformance/ground';
import { describeLock } from './conformance/lock';
import { describeNames } from './conformance/names';
import { describeOwnership } from './conformance/ownership';
import { describeProofs } from './conformance/proofs';
import { describeRoles } from './conformance/roles';
import { describeServer } from './conformance/server';
import { describeSessions } from './conformance/sessions';
import type { Engine } from './contract';

export type { EngineServer, TenantSession } from './conformance/ground';

/** Registers the suite for `engine` with Jest; `makeServer` is called once and its server closed at the end. */
export function describeEngine(engine: Engine, makeServer: () => Promise<EngineServer>): void {
  describe(`${engine.name} is an engine`, () => {
    const ground = openGround(engine, makeServer);
    describeServer(ground);
    describeOwnership(ground);
    describeAccess(ground);
    describeRoles(ground);
    describeSessions(ground);
    describeProofs(ground);
    describeLock(ground);
    describeDeadline(ground);
    describeNames(ground);
  });
}
