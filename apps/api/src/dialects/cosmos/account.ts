// The account: the first thing that clients of the product ask for, to learn where it is. It is a team.
import type { Team } from '@berth/store';
import { linkTo } from '../../http/links';
import type { Call, Route } from '../../http/route';
import { send } from './answer';
import { authenticate, type CosmosContext } from './authenticate';

export function accountRoute(api: CosmosContext): Route {
  return {
    method: 'get',
    path: '/',
    async handle(call) {
      const access = await authenticate(api, call, { resourceType: '', resourceLinks: [''] }, 'public');
      send(call, 200, showAccount(call, await api.store.teams.find(access.team_id)));
    },
  };
}

/** Locations have a name and lead here: clients ask there for everything else. */
function showAccount({ request }: Call, team: Team | null) {
  const id = accountIdOf(team);
  const here = [{ name: 'Berth', databaseAccountEndpoint: linkTo(request, '/') }];
  return {
    id,
    _rid: `${id}.documents.azure.com`,
    _self: '',
    media: '//media/',
    addresses: '//addresses/',
    _dbs: '//dbs/',
    writableLocations: here,
    readableLocations: here,
    enableMultipleWriteLocations: false,
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 1 },
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: '{}',
  };
}

/** The team's name as an account may be called; never `localhost`, for then the JavaScript SDK does not read the locations. */
function accountIdOf(team: Pick<Team, 'name' | 'number'> | null): string {
  const slug = (team?.name ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug === '' || slug === 'localhost' ? `account-${team?.number ?? 0}` : slug;
}
