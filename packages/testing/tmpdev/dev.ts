import {
  credentialCreate,
  credentialDelete,
  credentialReset,
  databaseCreate,
  databaseDelete,
  readAdminUrl,
  request,
  run,
  serverPreflight,
} from '@berth/actions';
import { Secret, systemClock } from '@berth/core';
import { postgresql } from '@berth/engines/postgresql';
import { openSender } from '@berth/queue';
import { openLog } from '@berth/runtime';
import { hashToken, makeKey, makeToken, readKeyRing } from '@berth/secrets';
import { openStore } from '@berth/store';
import { seed } from '../../../prisma/seed';
import { startServers } from '../src/servers';

(async () => {
  const servers = await startServers();
  try {
    const url = servers.store.url('postgres');
    const token = makeToken();
    const storeUrl = new Secret(url.reveal());
    await seed({ storeUrl, token });
    const store = openStore({ url: storeUrl, connectionsMax: 5, process: 'dev' });
    const log = openLog('dev', 'warn');
    const sender = openSender({ url: storeUrl, process: 'dev', onError: (e) => console.log(e) });
    const context = { clock: systemClock, keyRing: readKeyRing(makeKey('k1')), log, sender, store };
    const access = await store.accesses.findBearer(hashToken(token));
    const options = { engine: postgresql, holder: 'dev', stopping: new AbortController().signal };
    const doit = async (label: string, action: { id: string }) => {
      const t = performance.now();
      await run(context, options, action.id);
      const ended = await store.actions.find(action.id);
      console.log(
        label,
        ended?.state,
        ended?.error_code,
        ended?.error_message,
        (performance.now() - t).toFixed(0) + 'ms',
        ended?.steps.map(
          (s) => `${s.name}:${s.ended_at.getTime() - s.started_at.getTime()}ms ${JSON.stringify(s.evidence)}`,
        ),
      );
      return ended;
    };
    const admin = readAdminUrl(new Secret(servers.postgresql.url().reveal()));
    await doit(
      'preflight',
      await request(
        context,
        serverPreflight,
        { register: { name: 'srv', engine: 'postgresql', pool: 'postgresql-development', admin, sizeBytesMax: null } },
        access,
      ),
    );
    const t = performance.now();
    const created = await request(context, databaseCreate, { name: 'app', ownerLogin: 'auto' }, access);
    console.log('request took', performance.now() - t);
    await doit('create', created);
    for (let i = 0; i < 3; i++)
      await doit('create', await request(context, databaseCreate, { name: 'app' + i, ownerLogin: 'auto' }, access));
    const c = await request(context, credentialCreate, { databaseId: created.database_id! }, access);
    await doit('cred', c);
    await doit('reset', await request(context, credentialReset, { credentialId: c.credential_id! }, access));
    await doit('creddelete', await request(context, credentialDelete, { credentialId: c.credential_id! }, access));
    await doit('delete', await request(context, databaseDelete, { databaseId: created.database_id! }, access));
    console.log(await store.databases.find(created.database_id!));
    await sender.close();
    await store.close();
  } finally {
    await servers.close();
  }
})();
