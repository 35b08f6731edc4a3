-- A list by project names its team too. With an index for each of the two, PostgreSQL, which takes them for independent, read both
-- whole and sorted. One index of all three gives the newest first.
CREATE INDEX "databases_project_id_team_id_number_idx" ON "databases"("project_id", "team_id", "number");
DROP INDEX "databases_project_id_idx";
DROP INDEX "databases_project_id_number_idx";
