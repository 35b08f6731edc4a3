-- AlterTable
ALTER TABLE "databases" ADD COLUMN     "asked_charset" TEXT,
ADD COLUMN     "asked_collation" TEXT;
