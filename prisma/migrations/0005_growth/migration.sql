-- What keeps a store quick that has grown. packages/testing/src/plans.live.test.ts holds the statements to these.

-- Every column that refers to a table from which rows are removed: else each removed row reads the other table whole.
CREATE INDEX "grants_credential_id_idx" ON "grants" ("credential_id");

-- Lists by what few rows have, newest first: without these such a list walks past all the others.
CREATE INDEX "databases_name_idx" ON "databases" ("name");
CREATE INDEX "databases_project_id_number_idx" ON "databases" ("project_id", "number");
CREATE INDEX "databases_by_state" ON "databases" ("state", "number") WHERE "state" <> 'available';
CREATE INDEX "databases_of_team_by_state" ON "databases" ("team_id", "state", "number") WHERE "state" <> 'available';
CREATE INDEX "actions_by_state" ON "actions" ("state", "number") WHERE "state" <> 'succeeded';

-- Placement sums what is spoken for on each server: from the index alone.
CREATE INDEX "databases_spoken_for" ON "databases" ("server_id", "plan_id", "pending_plan_id") WHERE "state" <> 'deleted';
-- Whether a login name is held on a server.
CREATE INDEX "credentials_username_held" ON "credentials" ("server_id", "username") WHERE "state" <> 'deleted';

-- Looks at servers: few among all actions.
CREATE INDEX "actions_about_servers" ON "actions" ("server_id", "kind", "number")
  WHERE "database_id" IS NULL AND "credential_id" IS NULL;

-- What is over, by when it ended. Actions, events and audit are looked at in the order of their number and need none.
CREATE INDEX "databases_tombstones" ON "databases" ("deleted_at") WHERE "state" = 'deleted';
CREATE INDEX "credentials_tombstones" ON "credentials" ("deleted_at") WHERE "state" = 'deleted';
CREATE INDEX "grants_revoked" ON "grants" ("revoked_at") WHERE "revoked_at" IS NOT NULL;
CREATE INDEX "deliveries_ended" ON "deliveries" ("ended_at") WHERE "ended_at" IS NOT NULL;
