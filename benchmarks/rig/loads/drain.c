/*
 * The load's way to read from very many sockets: bytes are counted and thrown away.
 *
 * drain() reads once from each socket of an epoll that has something, and adds what came to counts[descriptor].
 * Where samples are wanted, it also notes for each message of frame bytes how long ago it was published, in
 * nanoseconds. It returns how many bytes came, or -1 - descriptor for a connection that is lost.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE 256

struct samples {
    int64_t frame;
    const int64_t *published; /* when each message was, by the monotonic clock */
    int64_t *taken;
    int64_t count, most;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void note(struct samples *samples, int64_t before, int64_t after) {
    int64_t time = now();
    for (int64_t message = before / samples->frame; message < after / samples->frame; message++)
        if (samples->count < samples->most) samples->taken[samples->count++] = time - samples->published[message];
}

int64_t drain(int epoll, int64_t *counts, char *buffer, int64_t size, struct samples *samples) {
    struct epoll_event ready[AT_ONCE];
    int64_t total = 0;
    int many = epoll_wait(epoll, ready, AT_ONCE, 0);
    for (int i = 0; i < many; i++) {
        int connection = ready[i].data.fd;
        ssize_t got = recv(connection, buffer, (size_t)size, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return -1 - connection;
        if (samples) note(samples, counts[connection], counts[connection] + got);
        counts[connection] += got;
        total += got;
    }
    return total;
}
