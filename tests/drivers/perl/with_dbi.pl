# DBD::mysql and DBD::MariaDB; the argument names one of them.
use strict;
use warnings;
use utf8;
use DBI;
use JSON::PP;

my ($driver) = @ARGV;
my $prefix = lc $driver;
my ($host, $port, $tls_port) = @ENV{qw(DB_HOST DB_PORT DB_TLS_PORT)};
my ($password, $ca, $channel) = @ENV{qw(DB_PASSWORD DB_CA DB_CHANNEL)};
my $INSERT = 'INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)';
my $TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё";
my $unicode = $driver eq 'mysql' ? 'mysql_enable_utf8mb4' : 'PrintWarn';
my $json = JSON::PP->new->canonical->utf8->allow_nonref;

sub step {
    my ($name, $work) = @_;
    my $got = eval { $work->() };
    return print STDERR "$name: $@" if $@;
    print $json->encode({step => $name, got => $got}), "\n";
}

# snippet
my $where = "DBI:$driver:database=CometQL_v1;host=$host;port=$port";
my $db = DBI->connect($where, 'root', $password, {RaiseError => 1, PrintError => 0, $unicode => 1});
$db->do('INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)', undef, $channel, 'text', $TEXT);
my $kept = $db->selectcol_arrayref('SELECT message FROM pipes_messages WHERE name = ?', undef, $channel);
# end of snippet

step('connect', sub { $db->ping ? JSON::PP::true : JSON::PP::false });
step('text', sub { @$kept == 1 && $kept->[0] eq $TEXT ? JSON::PP::true : JSON::PP::false });
step('wrong password', sub {
    eval { DBI->connect($where, 'root', 'wrong', {RaiseError => 1, PrintError => 0}) };
    return 0 + DBI->err;
});
step('tls', sub {
    my $tls = join ';', map { "${prefix}_$_" } $driver eq 'mysql' ? 'ssl=1;mysql_ssl_optional=1' : 'ssl=1', "ssl_ca_file=$ca";
    my $there = "DBI:$driver:database=CometQL_v1;host=$host;port=$tls_port;$tls";
    my $encrypted = DBI->connect($there, 'root', $password, {RaiseError => 1, PrintError => 0});
    my ($id) = $encrypted->selectrow_array('SELECT id FROM users_time WHERE id = 7');
    $encrypted->disconnect;
    return 0 + $id;
});
step('integers', sub {
    [map { 0 + $_ } $db->selectrow_array('SELECT id, time FROM users_time WHERE id = ?', undef, 7)]
});
step('prepared', sub {
    my $prepare = "${prefix}_server_prepare";
    my $insert = $db->prepare($INSERT, {$prepare => 1});
    $insert->execute($channel, 'prepared', $TEXT);
    my $find = $db->prepare('SELECT message FROM pipes_messages WHERE name = ?', {$prepare => 1});
    my $texts = $db->selectcol_arrayref($find, undef, $channel);
    my $select = $db->prepare('SELECT id, time FROM users_time WHERE id = ?', {$prepare => 1});
    $select->bind_param(1, 7, DBI::SQL_INTEGER);
    $select->execute;
    my @row = map { 0 + $_ } $select->fetchrow_array;
    $select->finish;
    return [$texts->[1] eq $TEXT ? JSON::PP::true : JSON::PP::false, @row];
});
step('syntax error', sub {
    eval { $db->do('SELEC 1') };
    return [0 + $db->err, map { 0 + $_ } $db->selectrow_array('SELECT id FROM users_time WHERE id = 7')];
});
step('thousand', sub {
    my $insert = $db->prepare($INSERT);
    my $count = 0;
    $count += $insert->execute($channel, 'thousand', $_) for 0 .. 999;
    return $count;
});
step('rollback', sub {
    $db->begin_work;
    $db->do($INSERT, undef, $channel, 'rolled-back', 'goes');
    $db->rollback;
    $db->begin_work;
    $db->do($INSERT, undef, $channel, 'committed', 'stays');
    $db->commit;
    return JSON::PP::true;
});
step('close', sub { $db->disconnect ? JSON::PP::true : JSON::PP::false });
