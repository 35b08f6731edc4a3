-- Products that poll what changed last list a team's actions in that order. Sorted anew at each poll, all that a team ever asked for
-- would be read.
CREATE INDEX "actions_of_team_changed" ON "actions" ("team_id", (coalesce("ended_at", "started_at", "created_at")), "number")
  WHERE "team_id" IS NOT NULL;

-- The same products list a team's grants, page by page.
CREATE INDEX "grants_team_id_number_idx" ON "grants"("team_id", "number");
