"""The HTTP API: the tables of CometQL for sites without a MySQL client."""
