-- How far each table has been followed that others write, and whose turn that is until when.

CREATE TABLE outboxes (
    name  TEXT    NOT NULL PRIMARY KEY,
    node  TEXT    NOT NULL,
    ends  INTEGER NOT NULL,
    place TEXT    NOT NULL
);
