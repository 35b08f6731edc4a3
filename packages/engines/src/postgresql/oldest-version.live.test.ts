// The suite once more, on the oldest PostgreSQL that is supported, where Debian's package of it is installed.
import { debianBinaries, describeWhere, openTestPostgresql } from '@berth/testing';
import { describeEngine } from '../conformance';
import { postgresql } from '.';
import { liveServer } from './live-server';

const binaries = debianBinaries(15);

describeWhere(binaries !== null, "Debian's PostgreSQL 15 is not installed", 'PostgreSQL 15', () => {
  describeEngine(postgresql, async () => {
    const server = await openTestPostgresql(binaries ?? undefined);
    return { ...liveServer(server.url().reveal()), close: server.close };
  });
});
