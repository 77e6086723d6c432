-- Conditions and functions that tools and frameworks build queries of.
SELECT id, hash FROM users_auth WHERE hash REGEXP '^key_[0-9]$' ORDER BY id;
SELECT id FROM users_auth WHERE hash RLIKE '2$' AND hash NOT REGEXP '^(a|b)' ORDER BY id;
SELECT id FROM users_data WHERE data REGEXP 'A' ORDER BY id;
SELECT id FROM users_data WHERE data REGEXP "[[:space:]]" ORDER BY id;
SELECT 'Ann' REGEXP '^a' AS caseless;
SELECT hash REGEXP '1' AS found, NULL REGEXP 'a' AS nothing FROM users_auth WHERE id = 1;
SELECT id FROM users_auth WHERE hash REGEXP '(';
SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT REGEXP '^information_schema$' AND SCHEMA_NAME REGEXP 'comet';
SELECT EXTRACT(YEAR FROM '2024-02-29 23:59:05') AS y, EXTRACT(DAY_HOUR FROM '2024-02-29 23:59:05') AS dh, EXTRACT(QUARTER FROM '2024-02-29') AS q, EXTRACT(WEEK FROM '2024-02-29') AS w FROM users_auth WHERE id = 1;
SELECT EXTRACT(YEAR_MONTH FROM FROM_UNIXTIME(id)) AS month, COUNT(*) AS n FROM users_auth GROUP BY month;
SELECT EXTRACT(HOUR_SECOND FROM '2024-02-29 23:59:05') AS hs, EXTRACT(MICROSECOND FROM '2024-02-29 23:59:05.000012') AS us FROM users_auth WHERE id = 1;
