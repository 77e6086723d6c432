<?php
// PDO; the argument says whether the server prepares the statements, or PDO writes the values into the text.
require __DIR__ . '/report.php';
$native = ($argv[1] ?? '') === 'native';

// snippet
$where = "mysql:host=$host;port=$port;dbname=CometQL_v1;charset=utf8mb4";
$options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => !$native];
$db = new PDO($where, 'root', $password, $options);
$insert = $db->prepare('INSERT INTO pipes_messages (name, event, message) VALUES (:channel, :event, :text)');
$insert->execute(['channel' => $channel, 'event' => 'text', 'text' => TEXT]);
$select = $db->prepare('SELECT message FROM pipes_messages WHERE name = ?');
$select->execute([$channel]);
$kept = $select->fetchAll(PDO::FETCH_COLUMN);
// end of snippet

step('connect', fn() => str_contains($db->getAttribute(PDO::ATTR_SERVER_INFO), 'Uptime'));
step('text', fn() => $kept === [TEXT]);

step('wrong password', function () use ($where, $options) {
    try {
        new PDO($where, 'root', 'wrong', $options);
    } catch (PDOException $error) {
        return $error->getCode();
    }
});

step('tls', function () use ($host, $tlsPort, $password, $ca) {
    $options = [PDO::MYSQL_ATTR_SSL_CA => $ca, PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false];
    $encrypted = new PDO("mysql:host=$host;port=$tlsPort;dbname=CometQL_v1", 'root', $password, $options);
    return $encrypted->query('SELECT id FROM users_time WHERE id = 7')->fetchColumn();
});

step('integers', fn() => $db->query('SELECT id, time FROM users_time WHERE id = 7')->fetch(PDO::FETCH_NUM));

step('prepared', function () use ($db, $channel) {
    $db->prepare(INSERT)->execute([$channel, 'prepared', TEXT]);
    $find = $db->prepare('SELECT message FROM pipes_messages WHERE name = ?');
    $find->execute([$channel]);
    $select = $db->prepare('SELECT id, time FROM users_time WHERE id = :id');
    $select->bindValue('id', 7, PDO::PARAM_INT);
    $select->execute();
    return [$find->fetchAll(PDO::FETCH_COLUMN)[1] === TEXT, ...$select->fetch(PDO::FETCH_NUM)];
});

step('syntax error', function () use ($db) {
    try {
        $db->query('SELEC 1');
    } catch (PDOException $error) {
        $number = $error->errorInfo[1];
    }
    return [$number, $db->query('SELECT id FROM users_time WHERE id = 7')->fetchColumn()];
});

step('thousand', function () use ($db, $channel) {
    $insert = $db->prepare(INSERT);
    $count = 0;
    for ($n = 0; $n < 1000; $n++) {
        $insert->execute([$channel, 'thousand', (string) $n]);
        $count += $insert->rowCount();
    }
    return $count;
});

step('rollback', function () use ($db, $channel) {
    $db->beginTransaction();
    $db->prepare(INSERT)->execute([$channel, 'rolled-back', 'goes']);
    $db->rollBack();
    $db->beginTransaction();
    $db->prepare(INSERT)->execute([$channel, 'committed', 'stays']);
    return $db->commit();
});

// A persistent connection is taken again after COM_PING.
step('persistent', function () use ($where, $password, $options) {
    $ids = [];
    for ($n = 0; $n < 3; $n++) {
        $db = new PDO($where, 'root', $password, $options + [PDO::ATTR_PERSISTENT => true]);
        $ids[] = $db->query('SELECT CONNECTION_ID()')->fetchColumn();
        $db = null;
    }
    return $ids;
});

step('close', function () use (&$db, &$insert, &$select) {
    $db = $insert = $select = null;
    return true;
});
