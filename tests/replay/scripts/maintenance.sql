-- What mysqlcheck, phpMyAdmin and HeidiSQL offer to do with tables and statements.
CHECK TABLE `users_auth`, `users_data`;
CHECK TABLE `CometQL_v1`.`pipes_settings` FOR UPGRADE;
CHECK TABLE `users_auth` QUICK EXTENDED;
CHECK TABLE `no_such_table`;
ANALYZE TABLE `users_auth`;
ANALYZE NO_WRITE_TO_BINLOG TABLE `users_auth`;
OPTIMIZE TABLE `users_auth`, `users_data`;
REPAIR TABLE `users_auth`;
REPAIR TABLE `users_auth` QUICK EXTENDED USE_FRM;
CHECKSUM TABLE `users_auth`, `users_data`;
CHECKSUM TABLE `users_auth` EXTENDED;
SHOW CREATE VIEW `users_auth`;
EXPLAIN SELECT * FROM `users_auth` WHERE `id` = 1;
EXPLAIN SELECT a.id, d.data FROM users_auth a JOIN users_data d ON d.id = a.id WHERE a.hash = 'key_1';
EXPLAIN EXTENDED SELECT 1;
