<?php
// phpMyAdmin with two servers to choose from: the database of the site, and comet.

// 32 characters of your own; the cookie with the login is encrypted with them.
$cfg['blowfish_secret'] = 'SECRET';

$cfg['Servers'][1] = [
    'verbose' => 'The site',
    'host' => 'localhost',
    'auth_type' => 'cookie',
];

$cfg['Servers'][2] = [
    'verbose' => 'comet',
    // Not localhost: that would be the socket of the database above.
    'host' => '127.0.0.1',
    'port' => '3307',
    'auth_type' => 'cookie',
    // What only tools read need not stand in the list of databases.
    'hide_db' => '^information_schema$',
];
