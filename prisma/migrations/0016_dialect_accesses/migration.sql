-- AlterTable
ALTER TABLE "accesses" ADD COLUMN     "parent_id" TEXT;

-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "drop_when_failed" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "accesses_parent_id_idx" ON "accesses"("parent_id");

-- CreateIndex
CREATE INDEX "actions_requested_by_idx" ON "actions"("requested_by");

-- AddForeignKey
ALTER TABLE "accesses" ADD CONSTRAINT "accesses_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "accesses"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Berth computes with is sealed, all else is hashed. Only a session belongs to a login, and never to a session.
ALTER TABLE "accesses"
  ADD CONSTRAINT "accesses_secret_of_kind" CHECK (("kind" IN ('cosmos_key', 'jwt_signer')) = ("secret_sealed" IS NOT NULL)),
  ADD CONSTRAINT "accesses_parent_of_session" CHECK ("parent_id" IS NULL OR "kind" = 'session');

-- A signature does not say by which key it was made, so the living ones are tried in this order.
CREATE INDEX "accesses_keys" ON "accesses" ("number") WHERE "kind" = 'cosmos_key' AND "revoked_at" IS NULL;

-- Sessions that logins opened are many, what operators made is little: each is listed without a look at the other. (An access
-- is removed only when no action refers to it, which is looked up for each: by "actions_requested_by_idx".)
CREATE INDEX "accesses_opened_by_logins" ON "accesses" ("number") WHERE "parent_id" IS NOT NULL;
CREATE INDEX "accesses_made_by_operators" ON "accesses" ("number") WHERE "parent_id" IS NULL;

-- Which keys sealed those of accesses, beside which there are sessions.
CREATE INDEX "accesses_secret_key" ON "accesses" (split_part("secret_sealed", '.', 2))
  WHERE "secret_sealed" IS NOT NULL AND "revoked_at" IS NULL;

-- Whether somebody ever had a login, for those who sign up.
CREATE INDEX "accesses_login_known" ON "accesses" ("login") WHERE "login" IS NOT NULL;
