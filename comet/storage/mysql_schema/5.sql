-- The schema of version 5 for MariaDB and MySQL, which know no earlier one. A server of these ends a transaction
-- at each statement here, so a migration that was cut off begins again: each statement can be carried out twice.
-- BINARY_COLLATION stands for the collation that tells texts apart byte for byte, blanks at their end, too.

CREATE TABLE IF NOT EXISTS users_auth (
    dev_id  INT          NOT NULL,
    user_id INT          NOT NULL,
    hash    VARCHAR(255) NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS users_time (
    dev_id  INT    NOT NULL,
    user_id INT    NOT NULL,
    time    BIGINT NOT NULL,
    node    VARCHAR(64) DEFAULT NULL,
    PRIMARY KEY (dev_id, user_id),
    KEY users_time_node (node)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS pipes_settings (
    dev_id INT         NOT NULL,
    name   VARCHAR(64) NOT NULL,
    length INT         NOT NULL,
    PRIMARY KEY (dev_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS pipe_messages (
    number   BIGINT       NOT NULL PRIMARY KEY AUTO_INCREMENT,
    id       VARCHAR(255) NOT NULL,
    dev_id   INT          NOT NULL,
    name     VARCHAR(64)  NOT NULL,
    time     BIGINT       NOT NULL,
    event    VARCHAR(255) NOT NULL,
    message  LONGTEXT     NOT NULL,
    user_id  INT,
    position BIGINT       NOT NULL DEFAULT 0,
    UNIQUE KEY pipe_messages_id (id),
    KEY pipe_messages_channel (dev_id, name, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS users_messages (
    number  BIGINT       NOT NULL PRIMARY KEY AUTO_INCREMENT,
    dev_id  INT          NOT NULL,
    user_id INT          NOT NULL,
    time    BIGINT       NOT NULL,
    event   VARCHAR(255) NOT NULL,
    message LONGTEXT     NOT NULL,
    expires BIGINT       NOT NULL DEFAULT 0,
    KEY users_messages_user (dev_id, user_id, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

-- No number may mean another message than one of a database before: counting begins at the time of day, in
-- milliseconds. InnoDB remembers how far it has counted when the row is gone.
INSERT INTO users_messages (number, dev_id, user_id, time, event, message)
    VALUES (CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED), -1, 0, 0, '', '');
DELETE FROM users_messages WHERE dev_id = -1;

-- Held by whoever gives out the next number in the queue of a user.
CREATE TABLE IF NOT EXISTS users_queues (
    dev_id  INT    NOT NULL,
    user_id INT    NOT NULL,
    times   BIGINT NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS users_data (
    dev_id  INT        NOT NULL,
    user_id INT        NOT NULL,
    data    MEDIUMTEXT NOT NULL,
    PRIMARY KEY (dev_id, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

-- A token may be longer than a key of InnoDB, so one is known by its digest.
CREATE TABLE IF NOT EXISTS revoked_tokens (
    dev_id INT           NOT NULL,
    token  VARCHAR(4096) NOT NULL,
    digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (SHA2(token, 256)) STORED,
    UNIQUE KEY revoked_tokens_digest (dev_id, digest),
    KEY revoked_tokens_token (dev_id, token(255))
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS conference (
    dev_id    INT          NOT NULL,
    name      VARCHAR(64)  NOT NULL,
    user_id   INT          NOT NULL,
    caller_id INT          NOT NULL,
    message   LONGTEXT     NOT NULL,
    profile   VARCHAR(64)  NOT NULL,
    stream    BIGINT       NOT NULL,
    PRIMARY KEY (dev_id, name, user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS dev_config (
    dev_id  INT           NOT NULL PRIMARY KEY,
    dev_key VARCHAR(1024) NOT NULL,
    url     VARCHAR(1024) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS pipe_positions (
    dev_id   INT         NOT NULL,
    name     VARCHAR(64) NOT NULL,
    position BIGINT      NOT NULL,
    epoch    VARCHAR(64) NOT NULL,
    PRIMARY KEY (dev_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS channel_rights (
    dev_id        INT         NOT NULL,
    prefix        VARCHAR(64) NOT NULL,
    may_subscribe VARCHAR(16) NOT NULL,
    may_publish   VARCHAR(16) NOT NULL,
    may_history   VARCHAR(16) NOT NULL,
    may_members   VARCHAR(16) NOT NULL,
    may_count     VARCHAR(16) NOT NULL,
    PRIMARY KEY (dev_id, prefix)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS nodes (
    node  VARCHAR(64) NOT NULL PRIMARY KEY,
    alive BIGINT      NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS presence_events (
    number  BIGINT      NOT NULL PRIMARY KEY,
    dev_id  INT         NOT NULL,
    seq     BIGINT      NOT NULL,
    time    BIGINT      NOT NULL,
    user_id INT         NOT NULL,
    event   VARCHAR(16) NOT NULL,
    name    VARCHAR(64) NOT NULL,
    uuid    VARCHAR(64) NOT NULL,
    UNIQUE KEY presence_events_seq (dev_id, seq)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE IF NOT EXISTS presence_places (
    dev_id INT         NOT NULL,
    name   VARCHAR(64) NOT NULL,
    place  BIGINT      NOT NULL,
    PRIMARY KEY (dev_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

-- How many transactions each process that writes has committed: so it learns of one whose answer was lost.
CREATE TABLE IF NOT EXISTS comet_writers (
    writer CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    time   BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;
