-- The channel keeps its newest 50 messages, for pages that are opened later.
INSERT INTO pipes_settings (name, length) VALUES ('orders', 50);
