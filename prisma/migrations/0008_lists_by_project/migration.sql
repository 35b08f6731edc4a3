-- The index on ("project_id", "number") of 0005 answers the same and in order: with both, lists by project took this one and sorted.
DROP INDEX "databases_project_id_idx";
