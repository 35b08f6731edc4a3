// Ids and times of the examples in the document: one story of one team, so that they fit together.

export const EXAMPLE_IDS = {
  access: 'acc_01m0x7d2b4fgr9v8k1q3s5t6w0',
  action: 'act_01m0x8e5k2h7p9c4d6f8g0j1na',
  audit: 'aud_01m0x8e5k3j8q0d5e7g9h1k2mb',
  credential: 'cred_01m0x8e5k1g6n8b3c5e7f9h0jc',
  database: 'db_01m0x8e5k0f5m7a2b4d6e8g9hd',
  environment: 'env_01m0x7c1a2def8t7j0p2r4s5ve',
  event: 'evt_01m0x8e5k4k9r1e6f8h0j2m3nb',
  plan: 'plan_01m0x7c1a3ef09v8k1q3s5t6wf',
  pool: 'pool_01m0x7c1a4fg1aw9m2r4t6v7xg',
  project: 'proj_01m0x7d2b3ef0av7j0p2r4s5vh',
  server: 'srv_01m0x7c1a5gh2bx0n3s5v7w8yj',
  team: 'team_01m0x7d2b2de9zt6h9n1q3r4sk',
} as const;

export const EXAMPLE_TIMES = {
  installed: '2030-01-07T08:00:00.000Z',
  asked: '2030-01-07T09:30:00.120Z',
  begun: '2030-01-07T09:30:00.135Z',
  done: '2030-01-07T09:30:00.480Z',
} as const;
