<?php
// Who this is your site knows, from its session; and which orders are theirs.
$user = 7;
$orders = [7];

$claims = [
    "user_id" => $user,
    "exp" => time() + 3600,
    "channels" => ["subscribe" => array_map(fn ($order) => "order_$order", $orders)],
];
header("Content-Type: text/plain");
echo sign($claims, "PASSWORD" . "0"); // the password, and the number of the tenant

/** A JSON Web Token, signed with HS256; any library for them does the same. */
function sign(array $claims, string $secret): string
{
    $encode = fn (string $bytes) => rtrim(strtr(base64_encode($bytes), "+/", "-_"), "=");
    $text = $encode('{"alg":"HS256","typ":"JWT"}') . "." . $encode(json_encode($claims));
    return $text . "." . $encode(hash_hmac("sha256", $text, $secret, true));
}
