-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "teams" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "database_quota" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "teams_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "projects" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "environments" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "quarantine_days" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "environments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "accesses" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "login" TEXT,
    "secret_hash" TEXT,
    "secret_sealed" TEXT,
    "person" TEXT NOT NULL,
    "scopes" TEXT[],
    "limit_project_id" TEXT,
    "limit_environment_id" TEXT,
    "default_engine" TEXT,
    "default_plan_id" TEXT,
    "default_environment_id" TEXT,
    "default_project_id" TEXT,
    "default_pool_id" TEXT,
    "sees_quarantine" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "accesses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pools" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "environment_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pools_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plans" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "size_bytes_max" BIGINT NOT NULL,
    "connections_max" INTEGER NOT NULL,
    "quarantine_days" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_environments" (
    "plan_id" TEXT NOT NULL,
    "environment_id" TEXT NOT NULL,

    CONSTRAINT "plan_environments_pkey" PRIMARY KEY ("plan_id","environment_id")
);

-- CreateTable
CREATE TABLE "servers" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "pool_id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "tls" TEXT NOT NULL DEFAULT 'disable',
    "admin_sealed" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'unchecked',
    "identity" TEXT,
    "version" TEXT,
    "size_bytes_max" BIGINT,
    "connections_max" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checked_at" TIMESTAMPTZ(3),

    CONSTRAINT "servers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "databases" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "environment_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "server_id" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "engine_name" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'creating',
    "owner_login" TEXT NOT NULL DEFAULT 'auto',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "protected" BOOLEAN NOT NULL DEFAULT false,
    "external_id" TEXT,
    "access_id" TEXT,
    "size_bytes" BIGINT,
    "charset" TEXT,
    "collation" TEXT,
    "measured_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "quarantined_at" TIMESTAMPTZ(3),
    "purge_after" TIMESTAMPTZ(3),
    "delete_accepted_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "databases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credentials" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "server_id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "engine_username" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'creating',
    "secret_sealed" TEXT,
    "pending_secret_sealed" TEXT,
    "external_id" TEXT,
    "access_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "delete_accepted_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grants" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "server_id" TEXT NOT NULL,
    "credential_id" TEXT NOT NULL,
    "database_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "grants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "actions" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "engine" TEXT NOT NULL,
    "team_id" TEXT,
    "database_id" TEXT,
    "credential_id" TEXT,
    "server_id" TEXT NOT NULL,
    "step_names" TEXT[],
    "claim" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3),
    "held_until" TIMESTAMPTZ(3),
    "held_by" TEXT,
    "nudges" INTEGER NOT NULL DEFAULT 1,
    "nudged_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "requested_by" TEXT,
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "actions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "steps" (
    "action_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL,
    "evidence" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "steps_pkey" PRIMARY KEY ("action_id","attempt","name")
);

-- CreateTable
CREATE TABLE "events" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "type" TEXT NOT NULL,
    "team_id" TEXT,
    "database_id" TEXT,
    "credential_id" TEXT,
    "server_id" TEXT,
    "action_id" TEXT,
    "data" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "fanned_out_at" TIMESTAMPTZ(3),

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "endpoints" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "team_id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "secret_sealed" TEXT NOT NULL,
    "event_types" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "endpoints_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deliveries" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "event_id" TEXT NOT NULL,
    "endpoint_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3),
    "answer_status" INTEGER,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "teams_number_key" ON "teams"("number");

-- CreateIndex
CREATE UNIQUE INDEX "teams_name_key" ON "teams"("name");

-- CreateIndex
CREATE UNIQUE INDEX "projects_number_key" ON "projects"("number");

-- CreateIndex
CREATE UNIQUE INDEX "projects_team_id_name_key" ON "projects"("team_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "environments_number_key" ON "environments"("number");

-- CreateIndex
CREATE UNIQUE INDEX "environments_name_key" ON "environments"("name");

-- CreateIndex
CREATE UNIQUE INDEX "accesses_number_key" ON "accesses"("number");

-- CreateIndex
CREATE UNIQUE INDEX "accesses_secret_hash_key" ON "accesses"("secret_hash");

-- CreateIndex
CREATE INDEX "accesses_team_id_idx" ON "accesses"("team_id");

-- CreateIndex
CREATE UNIQUE INDEX "pools_number_key" ON "pools"("number");

-- CreateIndex
CREATE UNIQUE INDEX "pools_name_key" ON "pools"("name");

-- CreateIndex
CREATE UNIQUE INDEX "plans_number_key" ON "plans"("number");

-- CreateIndex
CREATE UNIQUE INDEX "plans_engine_name_key" ON "plans"("engine", "name");

-- CreateIndex
CREATE UNIQUE INDEX "servers_number_key" ON "servers"("number");

-- CreateIndex
CREATE UNIQUE INDEX "servers_name_key" ON "servers"("name");

-- CreateIndex
CREATE INDEX "servers_pool_id_idx" ON "servers"("pool_id");

-- CreateIndex
CREATE UNIQUE INDEX "databases_number_key" ON "databases"("number");

-- CreateIndex
CREATE INDEX "databases_team_id_number_idx" ON "databases"("team_id", "number");

-- CreateIndex
CREATE INDEX "databases_server_id_idx" ON "databases"("server_id");

-- CreateIndex
CREATE INDEX "databases_project_id_idx" ON "databases"("project_id");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_number_key" ON "credentials"("number");

-- CreateIndex
CREATE INDEX "credentials_team_id_number_idx" ON "credentials"("team_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "grants_number_key" ON "grants"("number");

-- CreateIndex
CREATE INDEX "grants_database_id_idx" ON "grants"("database_id");

-- CreateIndex
CREATE UNIQUE INDEX "actions_number_key" ON "actions"("number");

-- CreateIndex
CREATE INDEX "actions_team_id_number_idx" ON "actions"("team_id", "number");

-- CreateIndex
CREATE INDEX "actions_database_id_number_idx" ON "actions"("database_id", "number");

-- CreateIndex
CREATE INDEX "actions_credential_id_idx" ON "actions"("credential_id");

-- CreateIndex
CREATE INDEX "actions_server_id_idx" ON "actions"("server_id");

-- CreateIndex
CREATE UNIQUE INDEX "events_number_key" ON "events"("number");

-- CreateIndex
CREATE INDEX "events_xid_number_idx" ON "events"("xid", "number");

-- CreateIndex
CREATE UNIQUE INDEX "endpoints_number_key" ON "endpoints"("number");

-- CreateIndex
CREATE INDEX "endpoints_team_id_idx" ON "endpoints"("team_id");

-- CreateIndex
CREATE UNIQUE INDEX "deliveries_number_key" ON "deliveries"("number");

-- CreateIndex
CREATE UNIQUE INDEX "deliveries_event_id_endpoint_id_key" ON "deliveries"("event_id", "endpoint_id");

-- AddForeignKey
ALTER TABLE "projects" ADD CONSTRAINT "projects_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "accesses" ADD CONSTRAINT "accesses_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pools" ADD CONSTRAINT "pools_environment_id_fkey" FOREIGN KEY ("environment_id") REFERENCES "environments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_environments" ADD CONSTRAINT "plan_environments_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "plans"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_environments" ADD CONSTRAINT "plan_environments_environment_id_fkey" FOREIGN KEY ("environment_id") REFERENCES "environments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "servers" ADD CONSTRAINT "servers_pool_id_fkey" FOREIGN KEY ("pool_id") REFERENCES "pools"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "databases" ADD CONSTRAINT "databases_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "databases" ADD CONSTRAINT "databases_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "databases" ADD CONSTRAINT "databases_environment_id_fkey" FOREIGN KEY ("environment_id") REFERENCES "environments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "databases" ADD CONSTRAINT "databases_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "plans"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "databases" ADD CONSTRAINT "databases_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grants" ADD CONSTRAINT "grants_credential_id_fkey" FOREIGN KEY ("credential_id") REFERENCES "credentials"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grants" ADD CONSTRAINT "grants_database_id_fkey" FOREIGN KEY ("database_id") REFERENCES "databases"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "actions" ADD CONSTRAINT "actions_database_id_fkey" FOREIGN KEY ("database_id") REFERENCES "databases"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "actions" ADD CONSTRAINT "actions_credential_id_fkey" FOREIGN KEY ("credential_id") REFERENCES "credentials"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "actions" ADD CONSTRAINT "actions_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "actions" ADD CONSTRAINT "actions_requested_by_fkey" FOREIGN KEY ("requested_by") REFERENCES "accesses"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "steps" ADD CONSTRAINT "steps_action_id_fkey" FOREIGN KEY ("action_id") REFERENCES "actions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- (No semicolon inside a comment: Prisma's engine splits there.)
-- From here on: what Prisma's language cannot say. What must never be is forbidden here, whatever the code does.

-- Words that a column may hold (text with a CHECK: a new word is one line, without rewriting a type).
ALTER TABLE "pools" ADD CONSTRAINT "pools_engine_known" CHECK ("engine" IN ('postgresql', 'mysql', 'mongodb'));
ALTER TABLE "plans" ADD CONSTRAINT "plans_engine_known" CHECK ("engine" IN ('postgresql', 'mysql', 'mongodb'));
ALTER TABLE "servers"
  ADD CONSTRAINT "servers_state_known" CHECK ("state" IN ('unchecked', 'active', 'draining', 'offline')),
  ADD CONSTRAINT "servers_tls_known" CHECK ("tls" IN ('disable', 'require', 'verify-full')),
  ADD CONSTRAINT "servers_port_valid" CHECK ("port" BETWEEN 1 AND 65535);
ALTER TABLE "databases"
  ADD CONSTRAINT "databases_state_known" CHECK ("state" IN ('creating', 'available', 'failed', 'quarantined', 'deleted')),
  ADD CONSTRAINT "databases_owner_login_known" CHECK ("owner_login" IN ('auto', 'none'));
ALTER TABLE "credentials"
  ADD CONSTRAINT "credentials_state_known" CHECK ("state" IN ('creating', 'active', 'failed', 'deleted'));
ALTER TABLE "grants" ADD CONSTRAINT "grants_role_known" CHECK ("role" IN ('owner', 'readwrite', 'readonly'));
ALTER TABLE "accesses"
  ADD CONSTRAINT "accesses_kind_known" CHECK ("kind" IN ('bearer', 'basic', 'session', 'cosmos_key', 'jwt_signer')),
  ADD CONSTRAINT "accesses_scopes_known" CHECK ("scopes" <@ ARRAY['public', 'admin', 'credentials', 'operator']),
  ADD CONSTRAINT "accesses_one_secret" CHECK (("secret_hash" IS NULL) <> ("secret_sealed" IS NULL));
ALTER TABLE "actions"
  ADD CONSTRAINT "actions_engine_known" CHECK ("engine" IN ('postgresql', 'mysql', 'mongodb')),
  ADD CONSTRAINT "actions_state_known" CHECK ("state" IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  ADD CONSTRAINT "actions_kind_known" CHECK ("kind" IN ('database_create', 'database_quarantine', 'database_restore',
    'database_delete', 'database_update', 'database_adopt', 'credential_create', 'credential_reset', 'credential_delete',
    'grant_create', 'grant_delete', 'server_preflight', 'server_refresh', 'server_drift')),
  ADD CONSTRAINT "actions_subject" CHECK (
    CASE split_part("kind", '_', 1)
      WHEN 'database' THEN "database_id" IS NOT NULL
      WHEN 'credential' THEN "credential_id" IS NOT NULL
      WHEN 'grant' THEN "credential_id" IS NOT NULL AND "database_id" IS NOT NULL
      ELSE "database_id" IS NULL AND "credential_id" IS NULL
    END);
ALTER TABLE "steps" ADD CONSTRAINT "steps_state_known" CHECK ("state" IN ('succeeded', 'failed'));
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_state_known" CHECK ("state" IN ('pending', 'succeeded', 'failed'));

-- What holds in each state.
ALTER TABLE "actions"
  ADD CONSTRAINT "actions_running_is_held" CHECK (("state" = 'running') = ("held_until" IS NOT NULL AND "held_by" IS NOT NULL)),
  ADD CONSTRAINT "actions_ended_has_time" CHECK (("state" IN ('succeeded', 'failed', 'cancelled')) = ("ended_at" IS NOT NULL)),
  ADD CONSTRAINT "actions_failed_has_reason" CHECK (("state" = 'failed') = ("error_code" IS NOT NULL AND "error_message" IS NOT NULL)),
  ADD CONSTRAINT "actions_counters" CHECK ("claim" >= 0 AND "failures" >= 0 AND "nudges" >= 0);
ALTER TABLE "databases"
  ADD CONSTRAINT "databases_deleted_has_time" CHECK (("state" = 'deleted') = ("deleted_at" IS NOT NULL)),
  ADD CONSTRAINT "databases_quarantined_has_time" CHECK (("state" = 'quarantined') = ("quarantined_at" IS NOT NULL));
ALTER TABLE "credentials"
  ADD CONSTRAINT "credentials_deleted_has_time" CHECK (("state" = 'deleted') = ("deleted_at" IS NOT NULL)),
  ADD CONSTRAINT "credentials_deleted_keeps_no_secret" CHECK (("state" = 'deleted') = ("secret_sealed" IS NULL)),
  ADD CONSTRAINT "credentials_deleted_has_no_pending" CHECK ("state" <> 'deleted' OR "pending_secret_sealed" IS NULL);
ALTER TABLE "plans"
  ADD CONSTRAINT "plans_limits" CHECK ("size_bytes_max" > 0 AND "connections_max" > 0),
  ADD CONSTRAINT "plans_quarantine_days" CHECK ("quarantine_days" BETWEEN 0 AND 3650);
ALTER TABLE "environments" ADD CONSTRAINT "environments_quarantine_days" CHECK ("quarantine_days" BETWEEN 0 AND 3650);
ALTER TABLE "teams" ADD CONSTRAINT "teams_quota" CHECK ("database_quota" >= 0);

-- Names. Asked names are free again as soon as a delete is accepted, engine names only when it is really done.
CREATE UNIQUE INDEX "databases_name_free" ON "databases" ("team_id", "environment_id", "name")
  WHERE "delete_accepted_at" IS NULL AND "state" <> 'deleted';
CREATE UNIQUE INDEX "databases_engine_name_free" ON "databases" ("server_id", "engine_name") WHERE "state" <> 'deleted';
CREATE UNIQUE INDEX "databases_external_id_free" ON "databases" ("access_id", "external_id") WHERE "state" <> 'deleted';
CREATE UNIQUE INDEX "credentials_username_free" ON "credentials" ("team_id", "server_id", "username")
  WHERE "delete_accepted_at" IS NULL AND "state" <> 'deleted';
CREATE UNIQUE INDEX "credentials_engine_username_free" ON "credentials" ("server_id", "engine_username")
  WHERE "state" <> 'deleted';
CREATE UNIQUE INDEX "credentials_external_id_free" ON "credentials" ("access_id", "external_id") WHERE "state" <> 'deleted';
CREATE UNIQUE INDEX "grants_one_per_pair" ON "grants" ("credential_id", "database_id");
CREATE UNIQUE INDEX "servers_address_free" ON "servers" ("host", "port");
CREATE UNIQUE INDEX "servers_identity_free" ON "servers" ("engine", "identity");
CREATE UNIQUE INDEX "accesses_login_free" ON "accesses" ("login") WHERE "revoked_at" IS NULL;

-- Things of one team, one engine, one server stay together: a database in another team's project, on a server of
-- another engine than its plan's, or a grant across two servers cannot be written.
ALTER TABLE "projects" ADD CONSTRAINT "projects_of_team" UNIQUE ("id", "team_id");
ALTER TABLE "pools" ADD CONSTRAINT "pools_of_engine" UNIQUE ("id", "engine");
ALTER TABLE "plans" ADD CONSTRAINT "plans_of_engine" UNIQUE ("id", "engine");
ALTER TABLE "servers" ADD CONSTRAINT "servers_of_engine" UNIQUE ("id", "engine");
ALTER TABLE "databases" ADD CONSTRAINT "databases_of_team_and_server" UNIQUE ("id", "team_id", "server_id");
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_of_team_and_server" UNIQUE ("id", "team_id", "server_id");
ALTER TABLE "servers" ADD CONSTRAINT "servers_pool_same_engine"
  FOREIGN KEY ("pool_id", "engine") REFERENCES "pools" ("id", "engine");
ALTER TABLE "databases"
  ADD CONSTRAINT "databases_project_same_team" FOREIGN KEY ("project_id", "team_id") REFERENCES "projects" ("id", "team_id"),
  ADD CONSTRAINT "databases_plan_same_engine" FOREIGN KEY ("plan_id", "engine") REFERENCES "plans" ("id", "engine"),
  ADD CONSTRAINT "databases_server_same_engine" FOREIGN KEY ("server_id", "engine") REFERENCES "servers" ("id", "engine");
ALTER TABLE "grants"
  ADD CONSTRAINT "grants_database_same_server" FOREIGN KEY ("database_id", "team_id", "server_id")
    REFERENCES "databases" ("id", "team_id", "server_id"),
  ADD CONSTRAINT "grants_credential_same_server" FOREIGN KEY ("credential_id", "team_id", "server_id")
    REFERENCES "credentials" ("id", "team_id", "server_id");
ALTER TABLE "accesses" ADD CONSTRAINT "accesses_project_same_team"
  FOREIGN KEY ("limit_project_id", "team_id") REFERENCES "projects" ("id", "team_id");

-- One running action per database and per credential, one refresh or preflight per server, one delete per database.
CREATE UNIQUE INDEX "actions_one_running_per_database" ON "actions" ("database_id") WHERE "state" = 'running';
CREATE UNIQUE INDEX "actions_one_running_per_credential" ON "actions" ("credential_id") WHERE "state" = 'running';
CREATE UNIQUE INDEX "actions_one_per_server_and_kind" ON "actions" ("server_id", "kind")
  WHERE "state" IN ('queued', 'running') AND "kind" IN ('server_preflight', 'server_refresh', 'server_drift');
CREATE UNIQUE INDEX "actions_one_delete_per_database" ON "actions" ("database_id")
  WHERE "state" IN ('queued', 'running') AND "kind" = 'database_delete';
CREATE UNIQUE INDEX "actions_one_delete_per_credential" ON "actions" ("credential_id")
  WHERE "state" IN ('queued', 'running') AND "kind" = 'credential_delete';

-- The hot paths: who is next in line, what to nudge again, whose hold is over, what is not yet fanned out.
CREATE INDEX "actions_line_of_database" ON "actions" ("database_id", "number") WHERE "state" = 'queued';
CREATE INDEX "actions_line_of_credential" ON "actions" ("credential_id", "number") WHERE "state" = 'queued';
CREATE INDEX "actions_to_nudge" ON "actions" ("nudged_at") WHERE "state" = 'queued';
CREATE INDEX "actions_held" ON "actions" ("held_until") WHERE "state" = 'running';
CREATE INDEX "events_to_fan_out" ON "events" ("number") WHERE "fanned_out_at" IS NULL;
CREATE INDEX "deliveries_due" ON "deliveries" ("not_before") WHERE "state" = 'pending';
