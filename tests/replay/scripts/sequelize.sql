-- Sequelize 6 over mysql2: after login, introspection, then models.
SET time_zone = '+00:00';
SELECT VERSION() as `version`;
SELECT 1+1 AS result;
SHOW TABLES;
SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA = 'CometQL_v1';
SHOW FULL COLUMNS FROM `users_auth`;
SHOW INDEX FROM `users_auth`;
SHOW INDEX FROM `users_auth` FROM `CometQL_v1`;
SELECT CONSTRAINT_NAME as constraint_name, CONSTRAINT_NAME as constraintName, CONSTRAINT_SCHEMA as constraintSchema, TABLE_NAME as tableName, COLUMN_NAME as columnName, REFERENCED_TABLE_SCHEMA as referencedTableSchema, REFERENCED_TABLE_NAME as referencedTableName, REFERENCED_COLUMN_NAME as referencedColumnName FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE where TABLE_NAME = 'users_auth' AND CONSTRAINT_NAME!='PRIMARY' AND CONSTRAINT_SCHEMA='CometQL_v1' AND REFERENCED_TABLE_NAME IS NOT NULL;
SHOW DATABASES;
START TRANSACTION;
SELECT `id`, `hash` FROM `users_auth` AS `users_auth` WHERE `users_auth`.`id` IN (2, 3, 12);
SELECT count(*) AS `count` FROM `users_auth` AS `users_auth`;
SELECT max(`id`) AS `max` FROM `users_auth` AS `users_auth`;
INSERT INTO `users_data` (`id`,`data`) VALUES (910,'by Sequelize') ON DUPLICATE KEY UPDATE `data`=VALUES(`data`);
UPDATE `users_data` SET `data`='changed' WHERE `id` = 910;
DELETE FROM `users_data` WHERE `id` = 910 LIMIT 1;
COMMIT;
