-- DropIndex
DROP INDEX "teams_name_key";

-- DropIndex
DROP INDEX "projects_team_id_name_key";

-- DropIndex
DROP INDEX "environments_name_key";

-- DropIndex
DROP INDEX "pools_name_key";

-- DropIndex
DROP INDEX "plans_engine_name_key";

-- DropIndex
DROP INDEX "servers_name_key";

-- AlterTable
ALTER TABLE "teams" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "environments" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "accesses" ADD COLUMN     "previous_secret_hash" TEXT,
ADD COLUMN     "previous_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "hidden" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "pools" ADD COLUMN     "connections_overcommit" INTEGER NOT NULL DEFAULT 10,
ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "headroom_percent" INTEGER NOT NULL DEFAULT 10;

-- AlterTable
ALTER TABLE "plans" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "servers" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "pending_plan_id" TEXT;

-- AlterTable
ALTER TABLE "grants" ADD COLUMN     "pending_role" TEXT;

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "access_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "action_id" TEXT,
    "answer_sealed" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("access_id","key")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "deed" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "error_code" TEXT,
    "access_id" TEXT,
    "person" TEXT,
    "address" TEXT,
    "team_id" TEXT,
    "subject_id" TEXT,
    "action_id" TEXT,
    "before" JSONB,
    "after" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "audit_number_key" ON "audit"("number");

-- CreateIndex
CREATE INDEX "audit_team_id_number_idx" ON "audit"("team_id", "number");

-- CreateIndex
CREATE INDEX "audit_subject_id_number_idx" ON "audit"("subject_id", "number");

-- CreateIndex
CREATE INDEX "audit_access_id_number_idx" ON "audit"("access_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "accesses_previous_secret_hash_key" ON "accesses"("previous_secret_hash");

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_access_id_fkey" FOREIGN KEY ("access_id") REFERENCES "accesses"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's language cannot say.

-- Names of what was deleted are free again. Its row stays, for tombstones of databases refer to it.
CREATE UNIQUE INDEX "teams_name_free" ON "teams" ("name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "projects_name_free" ON "projects" ("team_id", "name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "environments_name_free" ON "environments" ("name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "pools_name_free" ON "pools" ("name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "plans_name_free" ON "plans" ("engine", "name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "servers_name_free" ON "servers" ("name") WHERE "deleted_at" IS NULL;
DROP INDEX "servers_address_free";
DROP INDEX "servers_identity_free";
CREATE UNIQUE INDEX "servers_address_free" ON "servers" ("host", "port") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "servers_identity_free" ON "servers" ("engine", "identity") WHERE "deleted_at" IS NULL;

-- A grant that was taken back may be given again.
DROP INDEX "grants_one_per_pair";
CREATE UNIQUE INDEX "grants_one_per_pair" ON "grants" ("credential_id", "database_id") WHERE "revoked_at" IS NULL;

ALTER TABLE "accesses"
  ADD CONSTRAINT "accesses_previous_ends" CHECK (("previous_secret_hash" IS NULL) = ("previous_until" IS NULL));
ALTER TABLE "grants"
  ADD CONSTRAINT "grants_pending_role_known" CHECK ("pending_role" IN ('owner', 'readwrite', 'readonly'));
ALTER TABLE "databases" ADD CONSTRAINT "databases_pending_plan_same_engine"
  FOREIGN KEY ("pending_plan_id", "engine") REFERENCES "plans" ("id", "engine");
ALTER TABLE "pools"
  ADD CONSTRAINT "pools_headroom" CHECK ("headroom_percent" BETWEEN 0 AND 90),
  ADD CONSTRAINT "pools_overcommit" CHECK ("connections_overcommit" BETWEEN 1 AND 1000);
ALTER TABLE "databases"
  ADD CONSTRAINT "databases_purge_after_quarantine" CHECK (("purge_after" IS NOT NULL) = ("state" = 'quarantined'));
ALTER TABLE "audit"
  ADD CONSTRAINT "audit_outcome_known" CHECK ("outcome" IN ('done', 'refused')),
  ADD CONSTRAINT "audit_refused_has_code" CHECK (("outcome" = 'refused') = ("error_code" IS NOT NULL));

-- The duties: whose days in quarantine are over, and what was never made.
CREATE INDEX "databases_to_purge" ON "databases" ("purge_after") WHERE "state" = 'quarantined';
CREATE INDEX "databases_never_made" ON "databases" ("id") WHERE "state" = 'failed' AND "delete_accepted_at" IS NULL;
CREATE INDEX "credentials_never_made" ON "credentials" ("id") WHERE "state" = 'failed' AND "delete_accepted_at" IS NULL;

-- Which keys sealed what: asked at every start, and by the duty that seals anew. 1 ms in place of 60 among 100,000 rows.
CREATE INDEX "credentials_secret_key" ON "credentials" (split_part("secret_sealed", '.', 2)) WHERE "secret_sealed" IS NOT NULL;
CREATE INDEX "credentials_pending_key" ON "credentials" (split_part("pending_secret_sealed", '.', 2))
  WHERE "pending_secret_sealed" IS NOT NULL;
CREATE INDEX "idempotency_keys_answer_key" ON "idempotency_keys" (split_part("answer_sealed", '.', 2))
  WHERE "answer_sealed" IS NOT NULL;
