<?php
$comet = new PDO("mysql:host=127.0.0.1;port=3307;dbname=CometQL_v1;charset=utf8mb4", "root", "PASSWORD");

// One statement for as many events as you like: all take effect, or none.
$insert = $comet->prepare("INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?), (?, ?, ?)");
$insert->execute([
    "news", "added", json_encode(["title" => "We have moved"]),
    "order_7", "paid", json_encode(["sum" => 12]),
]);

// To one user, on all devices; if there is none, it waits.
$insert = $comet->prepare("INSERT INTO users_messages (id, event, message) VALUES (?, ?, ?)");
$insert->execute([7, "mail", json_encode(["from" => "Bob"])]);
