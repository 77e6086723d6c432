-- Private messages that go stale.

ALTER TABLE users_messages ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;

-- Clients tell by number what they have received, and may outlive this database. In one that is begun anew,
-- no number may mean another message than before: so counting begins at the time of day, in milliseconds.
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'users_messages', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'users_messages');
UPDATE sqlite_sequence SET seq = max(seq, CAST(strftime('%s', 'now') AS INTEGER) * 1000)
    WHERE name = 'users_messages';
