-- AlterTable
ALTER TABLE "actions" ADD COLUMN     "unreached" INTEGER NOT NULL DEFAULT 0;

-- By hand, for what Prisma's language cannot say: not every claim can have failed to reach the server and another have begun.
ALTER TABLE actions ADD CONSTRAINT actions_unreached_range CHECK (unreached BETWEEN 0 AND claim);
