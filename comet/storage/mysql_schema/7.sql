-- How far each table has been followed that others write, and whose turn that is until when.

CREATE TABLE IF NOT EXISTS outboxes (
    name  VARCHAR(64) NOT NULL PRIMARY KEY,
    node  VARCHAR(64) NOT NULL,
    ends  BIGINT      NOT NULL,
    place MEDIUMTEXT  NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;
