-- AlterTable
ALTER TABLE "actions" ADD COLUMN     "postponed_code" TEXT,
ADD COLUMN     "unreached" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "held_credentials" (
    "credential_id" TEXT NOT NULL,
    "action_id" TEXT NOT NULL,

    CONSTRAINT "held_credentials_pkey" PRIMARY KEY ("credential_id")
);

-- CreateIndex
CREATE INDEX "held_credentials_action_id_idx" ON "held_credentials"("action_id");

-- AddForeignKey
ALTER TABLE "held_credentials" ADD CONSTRAINT "held_credentials_credential_id_fkey" FOREIGN KEY ("credential_id") REFERENCES "credentials"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "held_credentials" ADD CONSTRAINT "held_credentials_action_id_fkey" FOREIGN KEY ("action_id") REFERENCES "actions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's language cannot say: a claim that did not reach the server is one of the claims.
ALTER TABLE "actions" ADD CONSTRAINT "actions_unreached_range" CHECK ("unreached" BETWEEN 0 AND "claim");
