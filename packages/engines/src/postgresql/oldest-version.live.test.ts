// The suite twice more, on the oldest PostgreSQL that is supported, where Debian's package of it is installed: there a
// membership has no options, so an admin that is no superuser is another one than on 18.
import {
  debianBinaries,
  describeWhere,
  LESSER_ADMIN,
  makeLesserAdmin,
  NO_OLDEST_POSTGRESQL,
  OLDEST_POSTGRESQL,
  openTestPostgresql,
} from '@berth/testing';
import { describeEngine } from '../conformance';
import { postgresql } from '.';
import { liveServer } from './live-server';

const binaries = debianBinaries(OLDEST_POSTGRESQL);

/** A superuser's statements are the same on every version, but for the options behind the names in a GRANT of membership. */
const LEFT_OUT = {
  deadline: 'what is left of a claim is asked by our own code before each statement, whatever the version; tried on 18',
  names: 'the same names are quoted by the same function in the same statements; tried on 18',
};

describeWhere(binaries !== null, NO_OLDEST_POSTGRESQL, 'PostgreSQL 15', () => {
  const makeServer = async (isLesser: boolean) => {
    const server = await openTestPostgresql(binaries ?? undefined);
    const live = { ...liveServer(server.url().reveal()), isThrownAway: true, close: server.close };
    if (!isLesser) return live;
    await makeLesserAdmin(server.url().reveal());
    return { ...live, admin: { ...live.admin, ...LESSER_ADMIN } };
  };
  describe('with a superuser', () => {
    describeEngine(postgresql, () => makeServer(false), { parts: LEFT_OUT, tell: describeWhere });
  });
  describe('with an admin that is no superuser', () => {
    const adoption = 'it owns no database of a superuser, and is refused; tried with 18';
    const parts = {
      ...LEFT_OUT,
      adoption,
      passwords: 'a verifier is made before any admin hears of it; tried as a superuser',
      evidence: 'the same words by any admin; what each deed here tells is held against its shape all the same',
    };
    describeEngine(postgresql, () => makeServer(true), { parts, tell: describeWhere });
  });
});
