-- What kept an action from its server, in words.
ALTER TABLE "actions" ADD COLUMN     "postponed_message" TEXT;
