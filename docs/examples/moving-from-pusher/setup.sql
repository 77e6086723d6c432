-- Only who has it in a token may listen to channels whose names begin with order_.
INSERT INTO channel_rights (prefix, subscribe, history) VALUES ('order_', 'token', 'token');
-- What presence_ channels told of a user: any page may read it.
INSERT INTO users_data (id, data) VALUES (7, '{"name": "Ann"}');
