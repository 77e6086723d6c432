<?php
// What both pages of the site need: who is visiting, and the way to comet.

session_start(["cookie_httponly" => true, "cookie_samesite" => "Lax"]);

/** To PHP, comet is a MySQL server. */
function comet(): PDO
{
    return new PDO("mysql:host=127.0.0.1;port=3307;dbname=CometQL_v1;charset=utf8mb4", "root", "PASSWORD");
}
