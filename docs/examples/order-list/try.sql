INSERT INTO orders (title, price) VALUES ('Green tea', 4.50), ('Two cups', 17);
UPDATE orders SET state = 'paid' WHERE title = 'Green tea';

BEGIN;
INSERT INTO orders (title, price) VALUES ('A whole tea house', 90000);
ROLLBACK;
