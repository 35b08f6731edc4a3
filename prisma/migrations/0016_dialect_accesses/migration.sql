-- AlterTable
ALTER TABLE "accesses" ADD COLUMN     "parent_id" TEXT;

-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "drop_when_failed" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "accesses_parent_id_idx" ON "accesses"("parent_id");

-- AddForeignKey
ALTER TABLE "accesses" ADD CONSTRAINT "accesses_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "accesses"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Berth computes with is sealed, all else is hashed. Only a session belongs to a login, and never to a session.
ALTER TABLE "accesses"
  ADD CONSTRAINT "accesses_secret_of_kind" CHECK (("kind" IN ('cosmos_key', 'jwt_signer')) = ("secret_sealed" IS NOT NULL)),
  ADD CONSTRAINT "accesses_parent_of_session" CHECK ("parent_id" IS NULL OR "kind" = 'session');

-- A signature does not say by which key it was made, so the living ones are tried in this order.
CREATE INDEX "accesses_keys" ON "accesses" ("number") WHERE "kind" = 'cosmos_key' AND "revoked_at" IS NULL;
