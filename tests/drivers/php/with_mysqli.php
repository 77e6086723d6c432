<?php
// mysqli
require __DIR__ . '/report.php';

// snippet
$db = new mysqli($host, 'root', $password, 'CometQL_v1', $port);
$db->set_charset('utf8mb4');
$db->query("INSERT INTO pipes_messages (name, event, message)
            VALUES ('$channel', 'text', '" . $db->real_escape_string(TEXT) . "')");
$kept = $db->query("SELECT message FROM pipes_messages WHERE name = '$channel'")->fetch_all();
// end of snippet

step('connect', fn() => $db->ping());
step('text', fn() => $kept === [[TEXT]]);

step('wrong password', function () use ($host, $port) {
    try {
        new mysqli($host, 'root', 'wrong', 'CometQL_v1', $port);
    } catch (mysqli_sql_exception $error) {
        return $error->getCode();
    }
});

step('tls', function () use ($host, $tlsPort, $password, $ca) {
    $encrypted = mysqli_init();
    $encrypted->ssl_set(null, null, $ca, null, null);
    $flags = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT;
    $encrypted->real_connect($host, 'root', $password, 'CometQL_v1', $tlsPort, null, $flags);
    return (int) $encrypted->query('SELECT id FROM users_time WHERE id = 7')->fetch_row()[0];
});

step('integers', function () use ($host, $port, $password) {
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_INT_AND_FLOAT_NATIVE, 1);
    $db->real_connect($host, 'root', $password, 'CometQL_v1', $port);
    return $db->query('SELECT id, time FROM users_time WHERE id = 7')->fetch_row();
});

step('prepared', function () use ($db, $channel) {
    $insert = $db->prepare(INSERT);
    $insert->bind_param('sss', $name, $event, $text);
    [$name, $event, $text] = [$channel, 'prepared', TEXT];
    $insert->execute();
    $find = $db->execute_query('SELECT message FROM pipes_messages WHERE name = ?', [$channel]);
    $select = $db->prepare('SELECT id, time FROM users_time WHERE id = ?');
    $id = 7;
    $select->bind_param('i', $id);
    $select->execute();
    return [$find->fetch_all()[1] === [TEXT], ...$select->get_result()->fetch_row()];
});

step('syntax error', function () use ($db) {
    try {
        $db->query('SELEC 1');
    } catch (mysqli_sql_exception $error) {
        $number = $error->getCode();
    }
    return [$number, (int) $db->query('SELECT id FROM users_time WHERE id = 7')->fetch_row()[0]];
});

step('thousand', function () use ($db, $channel) {
    $count = 0;
    for ($n = 0; $n < 1000; $n++) {
        $db->query("INSERT INTO pipes_messages (name, event, message) VALUES ('$channel', 'thousand', '$n')");
        $count += $db->affected_rows;
    }
    return $count;
});

step('rollback', function () use ($db, $channel) {
    $insert = 'INSERT INTO pipes_messages (name, event, message) VALUES ';
    $db->begin_transaction();
    $db->query("$insert ('$channel', 'rolled-back', 'goes')");
    $db->rollback();
    $db->begin_transaction();
    $db->query("$insert ('$channel', 'committed', 'stays')");
    return $db->commit();
});

// A persistent connection is taken again after COM_CHANGE_USER.
step('persistent', function () use ($host, $port, $password) {
    $ids = [];
    for ($n = 0; $n < 3; $n++) {
        $db = new mysqli("p:$host", 'root', $password, 'CometQL_v1', $port);
        $db->query('SELECT id FROM users_time WHERE id = 7');
        $ids[] = $db->thread_id;
        $db->close();
    }
    return $ids;
});

step('close', fn() => $db->close());
