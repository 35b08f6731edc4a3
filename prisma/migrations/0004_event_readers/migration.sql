-- CreateIndex
CREATE INDEX "events_team_id_xid_number_idx" ON "events"("team_id", "xid", "number");

-- CreateIndex
CREATE INDEX "events_database_id_xid_number_idx" ON "events"("database_id", "xid", "number");

-- CreateIndex
CREATE INDEX "events_action_id_xid_number_idx" ON "events"("action_id", "xid", "number");
