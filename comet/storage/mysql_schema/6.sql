-- Until when an invitation rings. Those that are there stay until they are taken back.

ALTER TABLE conference ADD COLUMN expires BIGINT NOT NULL DEFAULT 0, ADD INDEX conference_expires (dev_id, expires);
