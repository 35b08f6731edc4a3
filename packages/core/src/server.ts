// A server: one engine server that operators run and have registered.
//
//   unchecked --(becomeChecked: a preflight succeeded)--> active <--(turn)--> draining
//      | ^                                                 | ^                  ^
//      | '---(changeAdmin: not tried yet)------------------' |                  |
//      '------------------(turn)--> offline <----(turn)------'------(turn)------'
//
// Of an active server alone changeAdmin makes an unchecked one; the others stay what they are, and are not turned into
// active or draining before a preflight has succeeded (`checked_at`). Taking a server out is no state: `deleted_at`.

export const SERVER_STATES = ['unchecked', 'active', 'draining', 'offline'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export const TLS_MODES = ['disable', 'require', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];
