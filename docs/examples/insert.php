<?php
$comet = new mysqli("127.0.0.1", "root", "PASSWORD", "CometQL_v1", 3307);
$text = $comet->real_escape_string("Hello from PHP");
$comet->query("INSERT INTO pipes_messages (name, event, message) VALUES ('web_demo', 'message', '$text')");
