"""information_schema: what clients read of databases, tables and the server, made of our declarations."""
