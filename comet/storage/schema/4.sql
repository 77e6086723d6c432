-- Channel rights that tenants have set. An empty word is left open; the columns are not called as in CometQL,
-- where some are words of SQL.

CREATE TABLE channel_rights (
    dev_id        INTEGER NOT NULL,
    prefix        TEXT    NOT NULL,
    may_subscribe TEXT    NOT NULL,
    may_publish   TEXT    NOT NULL,
    may_history   TEXT    NOT NULL,
    may_members   TEXT    NOT NULL,
    may_count     TEXT    NOT NULL,
    PRIMARY KEY (dev_id, prefix)
) WITHOUT ROWID;
