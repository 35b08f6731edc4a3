-- CreateTable
CREATE TABLE "drifts" (
    "server_id" TEXT NOT NULL,
    "action_id" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "findings" JSONB NOT NULL,

    CONSTRAINT "drifts_pkey" PRIMARY KEY ("server_id")
);

-- AddForeignKey
ALTER TABLE "drifts" ADD CONSTRAINT "drifts_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
