/*
 * The baseline of fan-out: what the kernel asks for sending the same bytes to many sockets, and nothing else.
 *
 * sendloop SUBSCRIBERS SIZE CHANNELS listens on a free port of 127.0.0.1 and prints its number. The first
 * connection controls it: it sends SIZE bytes, the frame; from then on each byte it sends means "send the frame
 * to the next channel", and is answered with a byte when that is done. The connections after it are the
 * subscribers, of one channel after the other.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static int next_connection(int listener) {
    int on = 1, connection = accept(listener, NULL, NULL);
    if (connection < 0) give_up("accept");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connection;
}

static void send_all(int connection, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(connection, data, size, MSG_NOSIGNAL);
        if (sent < 0) give_up("send");
        data += sent;
        size -= (size_t)sent;
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int count = atoi(argv[1]), channels = atoi(argv[3]), channel = 0;
    size_t size = (size_t)atol(argv[2]), have = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) give_up("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &length)) give_up("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int control = next_connection(listener);
    char *frame = malloc(size + 1);
    int *subscribers = malloc(((size_t)count + 1) * sizeof *subscribers);
    if (!frame || !subscribers) give_up("malloc");
    while (have < size) {
        ssize_t got = read(control, frame + have, size - have);
        if (got <= 0) give_up("the frame");
        have += (size_t)got;
    }
    for (int i = 0; i < count; i++) subscribers[i] = next_connection(listener);

    char orders[64];
    for (ssize_t got; (got = read(control, orders, sizeof orders)) > 0;)
        for (ssize_t order = 0; order < got; order++) {
            for (int i = channel; i < count; i += channels) send_all(subscribers[i], frame, size);
            channel = (channel + 1) % channels;
            send_all(control, "+", 1);
        }
    return 0;
}
