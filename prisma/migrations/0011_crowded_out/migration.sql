-- Who waits for a place at a server, of which a worker takes so many actions at once and no more.
ALTER TABLE "actions" ADD COLUMN     "crowded_out" BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX "actions_crowded_out" ON "actions" ("server_id", "number") WHERE "state" = 'queued' AND "crowded_out";
