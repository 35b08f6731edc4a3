// The suite once more, on the oldest PostgreSQL that is supported, where Debian's package of it is installed.
import { debianBinaries, describeWhere, openTestPostgresql } from '@berth/testing';
import { describeEngine } from '../conformance';
import { postgresql } from '.';
import { liveServer } from './live-server';

const binaries = debianBinaries(15);

/** A superuser's statements are the same on every version, but for the options behind the names in a GRANT of membership. */
const LEFT_OUT = {
  deadline: 'what is left of a claim is asked by our own code before each statement, whatever the version; tried on 18',
  names: 'the same names are quoted by the same function in the same statements; tried on 18',
};

describeWhere(binaries !== null, "Debian's PostgreSQL 15 is not installed", 'PostgreSQL 15', () => {
  const makeServer = async () => {
    const server = await openTestPostgresql(binaries ?? undefined);
    return { ...liveServer(server.url().reveal()), isThrownAway: true, close: server.close };
  };
  describeEngine(postgresql, makeServer, { parts: LEFT_OUT, tell: describeWhere });
});
