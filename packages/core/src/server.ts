// A server: one engine server that operators run and have registered.
//
//   unchecked --(a preflight succeeds)--> active <--> draining, offline        (the last two: no function yet)

export const SERVER_STATES = ['unchecked', 'active', 'draining', 'offline'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export const TLS_MODES = ['disable', 'require', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];
