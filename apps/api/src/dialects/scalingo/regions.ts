// The one region that there is: this Berth. Its name is what a client's `region` is set to.

export const REGION = 'berth';

/** `url` is what clients put `/v1` or `/api` behind. */
export function showRegion(url: string) {
  return {
    name: REGION,
    display_name: 'Berth',
    api: url,
    database_api: url,
    dashboard: '',
    ssh: '',
    default: true,
  };
}
