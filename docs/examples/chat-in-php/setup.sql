-- The channel of the chat keeps its newest 50 messages, for those who come later.
INSERT INTO pipes_settings (name, length) VALUES ('chat', 50);
