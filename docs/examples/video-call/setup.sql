-- Two users of the site: a key for each, and what pages may know of them.
INSERT INTO users_auth (id, hash) VALUES (1, 'key_of_ann'), (2, 'key_of_bob');
INSERT INTO users_data (id, data) VALUES (1, '{"name": "Ann"}'), (2, '{"name": "Bob"}');
