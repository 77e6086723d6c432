-- Which node holds a user, when each node was last alive, and the log of presence.

-- NULL for a user who is away. What a node that died has left behind is found by this.
ALTER TABLE users_time ADD COLUMN node VARCHAR(64) DEFAULT NULL;
CREATE INDEX users_time_node ON users_time (node);

CREATE TABLE nodes (
    node  VARCHAR(64) NOT NULL PRIMARY KEY,
    alive INTEGER     NOT NULL
);

-- The number orders the whole log without a gap, the seq that of one tenant. Neither is given twice.
CREATE TABLE presence_events (
    number  INTEGER     NOT NULL PRIMARY KEY,
    dev_id  INTEGER     NOT NULL,
    seq     INTEGER     NOT NULL,
    time    INTEGER     NOT NULL,
    user_id INTEGER     NOT NULL,
    event   VARCHAR(16) NOT NULL,
    name    VARCHAR(64) NOT NULL,
    uuid    VARCHAR(64) NOT NULL
);
CREATE UNIQUE INDEX presence_events_seq ON presence_events (dev_id, seq);

-- How far has been counted: for each tenant the seq, for the name '' of all of them (-1) the number. A reader
-- of the whole log, such as the webhook, keeps under its name the number that it has come to. The name for -2 is
-- that of the node whose turn it is to read, with the time until when.
CREATE TABLE presence_places (
    dev_id INTEGER     NOT NULL,
    name   VARCHAR(64) NOT NULL,
    place  INTEGER     NOT NULL,
    PRIMARY KEY (dev_id, name)
);
