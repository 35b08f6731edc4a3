-- CreateTable
CREATE TABLE "forgotten_events" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "xid" xid8 NOT NULL,
    "number" INTEGER NOT NULL,

    CONSTRAINT "forgotten_events_pkey" PRIMARY KEY ("id")
);

-- There is one beginning of the log.
ALTER TABLE "forgotten_events" ADD CONSTRAINT "forgotten_events_one_row" CHECK ("id" = 1);
