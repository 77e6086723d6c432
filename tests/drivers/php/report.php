<?php
// What the programs beside this one share: where the server is, what is sent, and how a step is told.

const INSERT = 'INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)';
const TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё";
[$host, $port, $password] = [getenv('DB_HOST'), (int) getenv('DB_PORT'), getenv('DB_PASSWORD')];
[$channel, $ca, $tlsPort] = [getenv('DB_CHANNEL'), getenv('DB_CA'), (int) getenv('DB_TLS_PORT')];

function step(string $name, callable $do): void
{
    try {
        echo json_encode(['step' => $name, 'got' => $do()]), "\n";
    } catch (Throwable $error) {
        fwrite(STDERR, "$name: {$error->getMessage()}\n");
    }
}
