-- The first version of the schema. Each file holds what brings a database from the version before to its own.

CREATE TABLE users_auth (
    dev_id  INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    hash    TEXT    NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) WITHOUT ROWID;

CREATE TABLE users_time (
    dev_id  INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) WITHOUT ROWID;

CREATE TABLE pipes_settings (
    dev_id INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (dev_id, name)
) WITHOUT ROWID;

-- The number, not the time, is the order of messages: a second holds many.
CREATE TABLE pipe_messages (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT    NOT NULL UNIQUE,
    dev_id  INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    message TEXT    NOT NULL,
    user_id INTEGER
);
CREATE INDEX pipe_messages_channel ON pipe_messages (dev_id, name, number);

CREATE TABLE users_messages (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    dev_id  INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    message TEXT    NOT NULL
);
CREATE INDEX users_messages_user ON users_messages (dev_id, user_id, number);
