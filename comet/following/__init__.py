"""Following tables that others write: each row of an outbox is published, at least once."""
