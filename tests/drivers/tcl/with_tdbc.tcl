# tdbc::mysql
package require tdbc::mysql
encoding system utf-8
fconfigure stdout -encoding utf-8

# Tcl 8.6 has no characters beyond U+FFFF: no emoji here.
set text "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: \u0451 \u0451"
set channel $env(DB_CHANNEL)
set server [list -host $env(DB_HOST) -port $env(DB_PORT) -user root -database CometQL_v1]

proc step {name work} {
    if {[catch {uplevel #0 $work} got]} {
        puts stderr "$name: $got"
    } else {
        puts "{\"step\": \"$name\", \"got\": $got}"
    }
}

proc true_or_false {value} {
    expr {$value ? "true" : "false"}
}

# snippet
tdbc::mysql::connection create db {*}$server -passwd $env(DB_PASSWORD)
set insert [db prepare {INSERT INTO pipes_messages (name, event, message) VALUES (:channel, :event, :text)}]
set event text
$insert execute
set kept [db allrows -as lists {SELECT message FROM pipes_messages WHERE name = :channel}]
# end of snippet

step connect { true_or_false [llength [info commands db]] }
step text { true_or_false [expr {$kept eq [list [list $text]]}] }
step {wrong password} {
    catch {tdbc::mysql::connection create other {*}$server -passwd wrong} message options
    lindex [dict get $options -errorcode] end
}
step tls {
    set there [dict merge $server [list -port $env(DB_TLS_PORT) -ssl_ca $env(DB_CA)]]
    tdbc::mysql::connection create other {*}$there -passwd $env(DB_PASSWORD)
    set id [lindex [other allrows -as lists {SELECT id FROM users_time WHERE id = 7}] 0 0]
    other close
    set id
}
step integers {
    set id 7
    lassign [lindex [db allrows -as lists {SELECT id, time FROM users_time WHERE id = :id}] 0] id time
    format {[%d, %d]} $id $time
}
step prepared {
    set event prepared
    $insert execute
    set select [db prepare {SELECT id, time FROM users_time WHERE id = :id}]
    $select paramtype id integer
    lassign [lindex [$select allrows -as lists [dict create id 7]] 0] id time
    set kept [db allrows -as lists {SELECT message FROM pipes_messages WHERE name = :channel}]
    format {[%s, %d, %d]} [true_or_false [expr {[lindex $kept 1 0] eq $text}]] $id $time
}
step {syntax error} {
    catch {db allrows {SELEC 1}} message options
    format {[%d, %d]} [lindex [dict get $options -errorcode] end] \
        [lindex [db allrows -as lists {SELECT id FROM users_time WHERE id = 7}] 0 0]
}
step thousand {
    set count 0
    set event thousand
    for {set n 0} {$n < 1000} {incr n} {
        set result [$insert execute [dict create channel $channel event thousand text $n]]
        incr count [$result rowcount]
        $result close
    }
    set count
}
step rollback {
    db begintransaction
    $insert execute [dict create channel $channel event rolled-back text goes]
    db rollback
    db transaction {
        $insert execute [dict create channel $channel event committed text stays]
    }
    true_or_false 1
}
step close {
    db close
    true_or_false 1
}
