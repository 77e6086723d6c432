-- Until when an invitation rings. Those that are there stay until they are taken back.

ALTER TABLE conference ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conference_expires ON conference (dev_id, expires);
