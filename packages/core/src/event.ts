// What can happen. A webhook is an event delivered; a line here is raised where the state changes, in its transaction.

export const EVENT_TYPES = [
  'action.queued',
  'action.started',
  'action.postponed',
  'action.released',
  'action.succeeded',
  'action.failed',
  'action.cancelled',
  'database.creating',
  'database.available',
  'database.failed',
  'database.deleting',
  'database.deleted',
  'credential.creating',
  'credential.active',
  'credential.reset',
  'credential.failed',
  'credential.deleting',
  'credential.deleted',
  'server.registered',
  'server.active',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
