<?php
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => ["Authorization: Bearer PASSWORD", "Content-Type: application/json"],
    "content" => json_encode(["name" => "web_demo", "event" => "message", "message" => "Hello from PHP's streams"]),
    "ignore_errors" => true,
    "timeout" => 10,
]]);
$answer = json_decode(file_get_contents("http://127.0.0.1:8087/comet/api/publish", false, $context), true);
if (isset($answer["error"])) {
    throw new RuntimeException($answer["error"]["message"], $answer["error"]["code"]);
}
