-- AlterTable
ALTER TABLE "servers" ADD COLUMN     "cannot" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "open_databases" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
