-- The mysql command line with a person before it: completion, status, use.
show databases;
show tables;
\fields users_auth
select @@version_comment limit 1;
SELECT DATABASE();
\use information_schema
show tables;
select count(*) from tables where table_schema = 'CometQL_v1';
\use CometQL_v1
select DATABASE(), USER() limit 1;
\statistics
\ping
