-- AlterTable
ALTER TABLE "servers" ADD COLUMN     "ca_certificate" TEXT;

-- A CA that nothing is verified by would be relied on by whoever gave it.
ALTER TABLE "servers" ADD CONSTRAINT "servers_ca_heeded" CHECK ("ca_certificate" IS NULL OR "tls" = 'verify-full');
