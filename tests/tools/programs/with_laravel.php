<?php
// Laravel: its query builder, Eloquent, schema and artisan migrate:status, on the parts that it is made of.
//
// Its arguments are the port and the password; it prints JSON of what it has found.

use Illuminate\Console\Application;
use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager as Capsule;
use Illuminate\Database\Console\Migrations\InstallCommand;
use Illuminate\Database\Console\Migrations\StatusCommand;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Migrations\DatabaseMigrationRepository;
use Illuminate\Database\Migrations\Migrator;
use Illuminate\Database\QueryException;
use Illuminate\Events\Dispatcher;
use Illuminate\Filesystem\Filesystem;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Output\BufferedOutput;

foreach (['Console', 'Database', 'Events', 'Filesystem'] as $part) {
    require_once "Illuminate/$part/autoload.php";
}
require_once 'Doctrine/DBAL/autoload.php';

class Data extends Model
{
    public $timestamps = false;
    public $incrementing = false;
    protected $table = 'users_data';
    protected $guarded = [];
}

class Auth extends Model
{
    public $timestamps = false;
    protected $table = 'users_auth';

    public function data()
    {
        return $this->hasOne(Data::class, 'id', 'id');
    }
}

[, $port, $password] = $argv;
$container = new Container();
$capsule = new Capsule($container);
$capsule->addConnection([
    'driver' => 'mysql',
    'host' => '127.0.0.1',
    'port' => $port,
    'database' => 'CometQL_v1',
    'username' => 'root',
    'password' => $password,
    'charset' => 'utf8mb4',
    'collation' => 'utf8mb4_unicode_ci',
    'prefix' => '',
    'strict' => true,
    'timezone' => '+00:00',
    'isolation_level' => 'READ COMMITTED',
]);
$capsule->setAsGlobal();
$capsule->bootEloquent();
$db = $capsule->getConnection();
$got = [];

// The schema, as Laravel itself reads it, and by DBAL, as Laravel does for the rest.
$schema = $db->getSchemaBuilder();
$got['there'] = [$schema->hasTable('users_auth'), $schema->hasTable('nothing')];
$got['has'] = [$schema->hasColumns('users_auth', ['id', 'hash']), $schema->hasColumn('users_auth', 'x')];
$got['listing'] = $schema->getColumnListing('pipes_messages');
$got['type'] = [$schema->getColumnType('users_auth', 'id'), $schema->getColumnType('users_auth', 'hash')];
$doctrine = $db->getDoctrineSchemaManager();
$got['tables'] = $doctrine->listTableNames();
sort($got['tables']);
foreach ($got['tables'] as $table) {
    foreach ($doctrine->listTableColumns($table) as $column) {
        $got['columns'][$table][$column->getName()] = [
            $column->getType()->getName(), $column->getLength(), $column->getNotnull(), $column->getDefault(),
            $column->getAutoincrement(), $column->getComment(),
        ];
    }
    foreach ($doctrine->listTableIndexes($table) as $index) {
        $got['indexes'][$table][$index->getName()] = [
            $index->getColumns(), $index->isUnique(), $index->isPrimary(),
        ];
    }
    $got['foreign'][$table] = count($doctrine->listTableForeignKeys($table));
}

// The query builder.
$ids = [930, 931, 932, 933];
$db->table('users_data')->insert(['id' => 930, 'data' => 'Ann']);
$db->table('users_data')->insert([['id' => 931, 'data' => 'Ben'], ['id' => 932, 'data' => "it's 🦦"]]);
$db->table('users_data')->upsert([['id' => 931, 'data' => 'Benjamin'], ['id' => 933, 'data' => 'Cy']], ['id']);
$mine = fn () => $db->table('users_data')->whereIn('id', $ids);
$got['rows'] = $mine()->orderByDesc('id')->get();
$got['page'] = $mine()->orderBy('id')->forPage(2, 3)->pluck('data', 'id');
$got['find'] = $db->table('users_data')->find(932);
$got['sums'] = [$mine()->count(), $mine()->min('id'), $mine()->max('id'), $mine()->sum('id'), $mine()->avg('id')];
$got['like'] = $mine()->where('data', 'like', '%nn%')->value('data');
$got['exists'] = [$mine()->exists(), $mine()->where('data', 'nobody')->doesntExist()];
$got['joined'] = $db->table('users_auth')->leftJoin('users_data', 'users_data.id', '=', 'users_auth.id')
    ->orderBy('users_auth.id')->get(['users_auth.id', 'hash', 'data']);
$got['grouped'] = $db->table('users_auth')->selectRaw('hash, COUNT(*) AS n')->groupBy('hash')
    ->havingRaw('COUNT(*) > ?', [1])->get();
$got['chunks'] = [];
$mine()->orderBy('id')->chunk(2, function ($rows) use (&$got) {
    $got['chunks'][] = $rows->pluck('id');
});
$got['updated'] = $mine()->where('id', 930)->update(['data' => 'Anna']);
$got['deleted'] = [$db->table('users_data')->delete(931), $mine()->delete()];
$got['types'] = $db->selectOne(
    'select id, count(*) as n, sum(id) as s, avg(id) as a, data from users_data where id = ? group by id, data', [1],
);

// Eloquent.
$row = Data::create(['id' => 930, 'data' => 'by a model']);
$row->data = 'changed';
$got['saved'] = [$row->save(), Data::find(930)->data, Data::firstOrNew(['id' => 931])->exists];
$got['destroyed'] = [$row->delete(), Data::whereIn('id', $ids)->count()];
$got['eager'] = Auth::with('data')->orderBy('id')->get()->map(fn ($each) => [$each->id, $each->data->data]);

// A message is published when it is committed; the server gives it an id of its own.
$channel = 'laravel';
$say = fn ($id, $text) => $db->table('pipes_messages')->insert(
    ['id' => $id, 'name' => $channel, 'event' => 'say', 'message' => $text],
);
$db->table('pipes_settings')->updateOrInsert(['name' => $channel], ['length' => 10]);
$say('one', 'by the query builder');
$db->transaction(fn () => $say('two', 'in a transaction'));
try {
    $db->transaction(function () use ($say) {
        $say('three', 'never');
        throw new DomainException();
    });
} catch (DomainException) {
}
$got['messages'] = $db->table('pipes_messages')->where('name', $channel)->pluck('message');
$db->table('pipes_messages')->where('name', $channel)->delete();
$db->table('pipes_settings')->where('name', $channel)->delete();

// artisan
$migrations = new DatabaseMigrationRepository($capsule->getDatabaseManager(), 'migrations');
$artisan = new Application($container, new Dispatcher($container), '8');
$artisan->add(new StatusCommand(new Migrator($migrations, $capsule->getDatabaseManager(), new Filesystem())));
$artisan->add(new InstallCommand($migrations));
$output = new BufferedOutput();
$got['status'] = [$artisan->run(new ArrayInput(['command' => 'migrate:status']), $output), trim($output->fetch())];

$got['refused'] = [];
foreach ([
    'install' => function () use ($artisan, $output, $schema) {
        $artisan->run(new ArrayInput(['command' => 'migrate:install']), $output);
        $schema->drop('migrations');
    },
    'read only' => function () use ($db) {
        $db->table('users_time')->insert(['id' => 930, 'time' => 1]);
        $db->table('users_time')->delete(930);
    },
] as $what => $try) {
    try {
        $try();
    } catch (QueryException $error) {
        $got['refused'][$what] = [$error->errorInfo[1], $error->errorInfo[2]];
    }
}
echo json_encode($got, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
