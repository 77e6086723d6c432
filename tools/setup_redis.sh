# Installs a Redis for tests and benchmarks; setup_tests.sh and setup_bench.sh read this with ".".
#
# Debian's redis-tools has the one program that is Redis, its Sentinel and its check, by the name it is called by. The
# packages redis-server and redis-sentinel add the other names, and services, which nobody wants here.

redis_files=.venv/redis

have_redis() { (PATH=$PATH:$redis_files && have redis-server && have redis-sentinel); }

link_redis() {
    program=$(command -v redis-server || command -v redis-check-rdb) || return 1
    mkdir -p "$redis_files" && for name in redis-server redis-sentinel; do
        ln -sf "$program" "$redis_files/$name"
    done
}

have_redis || {
    have redis-server || have redis-check-rdb || install_packages redis-tools
    link_redis
    have_redis || leave_out "Redis (apt-get install redis-tools)"
}
