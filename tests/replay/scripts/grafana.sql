-- Grafana's MySQL source: its query builder, then panels on who is online and what was said.
SET time_zone = '+00:00';
SELECT 1;
SELECT DISTINCT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_TYPE != 'SYSTEM VIEW' ORDER BY TABLE_SCHEMA;
SELECT DISTINCT table_name FROM information_schema.tables WHERE table_schema='CometQL_v1' ORDER BY table_name;
SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_name IN (SELECT table_name FROM information_schema.columns WHERE table_schema = database() AND data_type IN ('timestamp', 'datetime', 'bigint', 'int')) ORDER BY table_name = 'users_time' DESC, table_name LIMIT 1;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'CometQL_v1' AND table_name = 'pipes_settings' ORDER BY column_name;
SELECT column_name FROM information_schema.columns WHERE (table_schema = 'CometQL_v1' AND table_name = 'users_time') AND data_type IN ('bigint', 'int') ORDER BY ordinal_position;
SELECT name AS metric, length AS value FROM pipes_settings ORDER BY length DESC LIMIT 50;
SELECT UNIX_TIMESTAMP() AS time, COUNT(*) AS online FROM users_time WHERE time = 0;
SELECT MIN(length), MAX(length), AVG(length), SUM(length) FROM pipes_settings;
SELECT hash AS metric, COUNT(id) FROM users_auth GROUP BY hash HAVING COUNT(id) > 0 ORDER BY COUNT(id) DESC;
SELECT FLOOR(length / 10) * 10 AS bucket, COUNT(*) FROM pipes_settings GROUP BY 1 ORDER BY 1;
