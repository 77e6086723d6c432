/*
 * The baseline of statements: what the kernel asks for taking a packet and answering it, and nothing else.
 *
 * answerloop listens on a free port of 127.0.0.1 and prints its number. Whoever connects sends packets of the
 * MySQL protocol, without a login; each is answered with the OK of one row, whatever it says.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4096

static const char OK[] = "\x07\0\0\x01\0\x01\0\x02\0\0"; /* and the NUL that ends it */

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

/* How many bytes of the packet that has begun are still to come, by connection. */
static long missing[MOST];

static void welcome(int listener, int epoll) {
    int on = 1, connection = accept(listener, NULL, NULL);
    if (connection < 0 || connection >= MOST) give_up("accept");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    missing[connection] = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event)) give_up("epoll_ctl");
}

static void answer(int connection) {
    static unsigned char data[1 << 16];
    ssize_t got = recv(connection, data, sizeof data, 0);
    if (got <= 0) {
        close(connection);
        return;
    }
    for (ssize_t at = 0; at < got;) {
        /* A packet is sent in one piece, so its header is never cut. */
        if (!missing[connection]) missing[connection] = 4 + data[at] + (data[at + 1] << 8) + (data[at + 2] << 16);
        long here = missing[connection] < got - at ? missing[connection] : got - at;
        at += here;
        missing[connection] -= here;
        if (!missing[connection] && send(connection, OK, sizeof OK, MSG_NOSIGNAL) < 0) give_up("send");
    }
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) give_up("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &length)) give_up("getsockname");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) give_up("epoll");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == listener)
                welcome(listener, epoll);
            else
                answer(ready[i].data.fd);
        }
    }
}
