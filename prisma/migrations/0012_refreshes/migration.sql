-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "over_quota_at" TIMESTAMPTZ(3),
ADD COLUMN     "refreshed_at" TIMESTAMPTZ(3),
ADD COLUMN     "sessions" INTEGER,
ADD COLUMN     "users" INTEGER;

-- AlterTable
ALTER TABLE "servers" ADD COLUMN     "refreshed_at" TIMESTAMPTZ(3);
