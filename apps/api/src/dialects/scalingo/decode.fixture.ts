// What Go's encoding/json makes of an answer with the structs of go-scalingo: a field of another type fails the whole; null is
// nothing; what is missing is the zero value, which for the fields named here would be a fault of ours.

type GoType = 'string' | 'bool' | 'int' | 'time' | 'map' | GoStruct | [GoType];
export interface GoStruct {
  [field: string]: GoType;
}

const OWNER: GoStruct = { id: 'string', username: 'string', email: 'string', flags: 'map' };
const PLAN: GoStruct = {
  ...{ id: 'string', name: 'string', display_name: 'string', description: 'string', position: 'int' },
  ...{
    on_demand: 'bool',
    disabled: 'bool',
    disabled_alternative_plan_id: 'bool',
    sku: 'string',
    hds_available: 'bool',
  },
};
const PROVIDER: GoStruct = {
  ...{ id: 'string', name: 'string', logo_url: 'string', short_description: 'string', description: 'string' },
  ...{ provider_name: 'string', provider_url: 'string', hds_available: 'bool', plans: [PLAN] },
  category: { id: 'string', name: 'string', description: 'string', position: 'int' },
};
const INSTANCE: GoStruct = {
  ...{ id: 'string', hostname: 'string', port: 'int', status: 'string', type: 'string', private_ip: 'string' },
  features: ['string'],
};

/** The structs, by what the product calls them. */
export const STRUCTS = {
  database: { id: 'string', name: 'string', project_id: 'string', technology: 'string', plan: 'string' },
  project: {
    ...{ id: 'string', name: 'string', default: 'bool', flags: 'map', created_at: 'time', updated_at: 'time' },
    owner: OWNER,
  },
  plan: PLAN,
  addon_provider: PROVIDER,
  addon: {
    ...{ id: 'string', app_id: 'string', resource_id: 'string', status: 'string', plan: PLAN },
    ...{ addon_provider: PROVIDER, provisioned_at: 'time', deprovisioned_at: 'time' },
  },
  user: { ...OWNER, fullname: 'string' },
  region: {
    ...{ name: 'string', display_name: 'string', api: 'string', dashboard: 'string', database_api: 'string' },
    ...{ ssh: 'string', default: 'bool' },
  },
  app: {
    ...{ id: 'string', name: 'string', region: 'string', owner: OWNER, git_url: 'string', url: 'string' },
    ...{ base_url: 'string', status: 'string', last_deployed_at: 'time', last_deployed_by: 'string' },
    ...{ created_at: 'time', links: { deployments_stream: 'string' }, stack_id: 'string', sticky_session: 'bool' },
    ...{ force_https: 'bool', router_logs: 'bool', flags: 'map', limits: 'map' },
  },
  deployed: {
    ...{ id: 'string', created_at: 'time', resource_id: 'string', app_name: 'string', encryption_at_rest: 'bool' },
    ...{ features: [{ name: 'string', status: 'string' }], plan: 'string', status: 'string', type_id: 'string' },
    ...{ type_name: 'string', version_id: 'string', mongo_repl_set_name: 'string', instances: [INSTANCE] },
    ...{ next_version_id: 'string', readable_version: 'string', hostname: 'string', current_operation_id: 'string' },
    ...{ cluster: 'bool', periodic_backups_enabled: 'bool', periodic_backups_scheduled_at: ['int'] },
    maintenance_window: { weekday_utc: 'int', starting_hour_utc: 'int', duration_in_hour: 'int' },
  },
  database_user: { name: 'string', read_only: 'bool', protected: 'bool' },
  operation: {
    ...{ id: 'string', created_at: 'time', finished_at: 'time', status: 'string', type: 'string', error: 'string' },
  },
} satisfies Record<string, GoStruct>;

/** What is wrong with it, by paths; empty where it decodes. */
export function complaintsAbout(value: unknown, type: GoType, path = ''): string[] {
  if (value === undefined) return [`${path} is missing`];
  if (value === null) return [];
  if (Array.isArray(type)) {
    const [inner] = type;
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each, index) => complaintsAbout(each, inner, `${path}[${index}]`));
  }
  if (typeof type === 'string') return isOf(value, type) ? [] : [`${path} is no ${type}: ${JSON.stringify(value)}`];
  if (typeof value !== 'object') return [`${path} is no object`];
  return Object.entries(type).flatMap(([field, inner]) => {
    return complaintsAbout(Reflect.get(value, field), inner, `${path}.${field}`);
  });
}

/** RFC 3339, which time.Time insists on; and the milliseconds that the product writes. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;

function isOf(value: unknown, type: Exclude<GoType, GoStruct | [GoType]>): boolean {
  if (type === 'time') return typeof value === 'string' && TIME.test(value);
  if (type === 'int') return Number.isInteger(value);
  if (type === 'map') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === (type === 'bool' ? 'boolean' : 'string');
}
