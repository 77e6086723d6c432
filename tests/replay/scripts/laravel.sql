-- Laravel over PDO, each statement prepared and executed: after login, migrate:status and the query builder.
-- prepared
use `CometQL_v1`;
set names 'utf8mb4' collate 'utf8mb4_unicode_ci';
set time_zone="+00:00";
set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
select * from information_schema.tables where table_schema = 'CometQL_v1' and table_name = 'migrations' and table_type = 'BASE TABLE';
select exists (select 1 from information_schema.tables where table_schema = schema() and table_name = 'migrations' and table_type in ('BASE TABLE', 'SYSTEM VERSIONED')) as `exists`;
select table_name as `name`, (data_length + index_length) as `size`, table_comment as `comment`, engine as `engine`, table_collation as `collation` from information_schema.tables where table_schema = 'CometQL_v1' and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by table_name;
select column_name as `name`, data_type as `type_name`, column_type as `type`, collation_name as `collation`, is_nullable as `nullable`, column_default as `default`, column_comment as `comment`, generation_expression as `expression`, extra as `extra` from information_schema.columns where table_schema = 'CometQL_v1' and table_name = 'users_auth' order by ordinal_position asc;
select index_name as `name`, group_concat(column_name order by seq_in_index) as `columns`, index_type as `type`, not non_unique as `unique` from information_schema.statistics where table_schema = 'CometQL_v1' and table_name = 'users_auth' group by index_name, index_type, non_unique;
select kc.constraint_name as `name`, group_concat(kc.column_name order by kc.ordinal_position) as `columns`, kc.referenced_table_schema as `foreign_schema`, kc.referenced_table_name as `foreign_table`, group_concat(kc.referenced_column_name order by kc.ordinal_position) as `foreign_columns`, rc.update_rule as `on_update`, rc.delete_rule as `on_delete` from information_schema.key_column_usage kc join information_schema.referential_constraints rc on kc.constraint_schema = rc.constraint_schema and kc.constraint_name = rc.constraint_name where kc.table_schema = 'CometQL_v1' and kc.table_name = 'users_auth' and kc.referenced_table_name is not null group by kc.constraint_name, kc.referenced_table_schema, kc.referenced_table_name, rc.update_rule, rc.delete_rule;
select column_name as `column_name` from information_schema.columns where table_schema = 'CometQL_v1' and table_name = 'users_auth';
select version();
select `migration`, `batch` from `migrations` order by `batch` asc, `migration` asc;
select * from `users_auth` where `id` in (1, 2) order by `id` desc limit 10 offset 0;
select count(*) as aggregate from `users_auth`;
select exists(select * from `users_auth` where `hash` = 'key_1') as `exists`;
select `users_auth`.`id`, `users_data`.`data` from `users_auth` inner join `users_data` on `users_data`.`id` = `users_auth`.`id` order by `users_auth`.`id` asc;
insert into `users_data` (`id`, `data`) values (908, 'by Laravel'), (909, 'as well');
update `users_data` set `data` = 'changed' where `id` = 908;
delete from `users_data` where `id` = 908;
delete from `users_data` where `id` in (908, 909);
