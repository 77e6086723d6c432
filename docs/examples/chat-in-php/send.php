<?php
require "site.php";

$text = trim($_POST["text"] ?? "");
if (!isset($_SESSION["name"]) || !preg_match('/^.{1,500}$/u', $text)) {
    http_response_code(400);
    exit;
}

// Who says it is what the session knows, and not what the browser says.
$message = json_encode(["name" => $_SESSION["name"], "text" => $text], JSON_UNESCAPED_UNICODE);
$insert = comet()->prepare("INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'said', ?)");
$insert->execute([$message]);
http_response_code(204);
