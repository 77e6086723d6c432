-- Records of users, revoked tokens, invitations, keys of tenants, and the positions of messages.

CREATE TABLE users_data (
    dev_id  INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    data    TEXT    NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) WITHOUT ROWID;

CREATE TABLE revoked_tokens (
    dev_id INTEGER NOT NULL,
    token  TEXT    NOT NULL,
    PRIMARY KEY (dev_id, token)
) WITHOUT ROWID;

CREATE TABLE conference (
    dev_id    INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    user_id   INTEGER NOT NULL,
    caller_id INTEGER NOT NULL,
    message   TEXT    NOT NULL,
    profile   TEXT    NOT NULL,
    stream    INTEGER NOT NULL,
    PRIMARY KEY (dev_id, name, user_id)
) WITHOUT ROWID;

-- The column is not called key, which is a word of SQL in some databases.
CREATE TABLE dev_config (
    dev_id  INTEGER NOT NULL PRIMARY KEY,
    dev_key TEXT    NOT NULL,
    url     TEXT    NOT NULL
);

-- How far each channel has counted. The row outlives the messages, so that no position is given twice; the
-- epoch names this counting, so that one begun anew elsewhere is not taken for its continuation.
CREATE TABLE pipe_positions (
    dev_id   INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    position INTEGER NOT NULL,
    epoch    TEXT    NOT NULL,
    PRIMARY KEY (dev_id, name)
) WITHOUT ROWID;

ALTER TABLE pipe_messages ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
UPDATE pipe_messages SET position = (
    SELECT count(*) FROM pipe_messages AS older
    WHERE older.dev_id = pipe_messages.dev_id AND older.name = pipe_messages.name
    AND older.number <= pipe_messages.number);
INSERT INTO pipe_positions (dev_id, name, position, epoch)
    SELECT dev_id, name, max(position), lower(hex(randomblob(16))) FROM pipe_messages GROUP BY dev_id, name;
