/*
 * The load of connecting: a crowd that comes, shakes hands, says what it wants, and then stays.
 *
 * crowd PORT FIRST COUNT IN_FLIGHT OPENING MARK [TEXT ...] opens COUNT connections to 127.0.0.1, IN_FLIGHT at a time
 * on their way. Each sends OPENING, waits for the end of the head of the answer, sends each TEXT in a frame of its
 * own, and is there when MARK has come; with an empty MARK, when the head has. "########" in OPENING and TEXT
 * becomes the number of the connection, which for the first one is FIRST. When all are there it prints the seconds
 * that it took and its own CPU seconds.
 *
 * From then on it counts what comes. When it is told on its input how many bytes a message has, it prints how many
 * messages have come to all, and again each time that this changes. It leaves when its input ends, and fails
 * if not all have received the same then.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NUMBER "########"
#define SAID 4096  /* the most that is kept of what a connection is told until it is there */
#define LONGEST 4096 /* of what one connection sends at once */
#define PATIENCE 30000 /* milliseconds in which something has to happen */
#define FROM_ONE_ADDRESS 10000 /* an address has so many ports and no more */

enum state { CONNECTING, GREETED, TALKING, THERE };

struct member {
    int socket;
    enum state state;
    int kept;
    char *said;
    long received; /* bytes since all are there */
};

static const char *opening, *mark;
static char **texts;
static int first, count, text_count, started, there, epoll;
static long received, message, messages; /* bytes of all, bytes of one message, how many have come to all */
static struct member *crowd;
static struct sockaddr_in server;

static void give_up(const char *what) {
    if (errno) perror(what);
    else fprintf(stderr, "%s\n", what);
    exit(1);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* Copy text with the number in its place; return the length. */
static size_t fill(char *to, const char *text, int number) {
    char digits[sizeof NUMBER];
    size_t length = strlen(text);
    if (length > LONGEST) give_up("too long a text");
    memcpy(to, text, length + 1);
    snprintf(digits, sizeof digits, "%08u", (unsigned)number % 100000000);
    for (char *at = to; (at = strstr(at, NUMBER)); at += sizeof NUMBER - 1) memcpy(at, digits, sizeof NUMBER - 1);
    return length;
}

static void send_all(struct member *one, const char *data, size_t length) {
    /* The buffer of a new socket takes so little at once. */
    if (send(one->socket, data, length, MSG_NOSIGNAL) != (ssize_t)length) give_up("send");
}

static void say(struct member *one) {
    char data[2 * LONGEST];
    size_t length = 0;
    for (int i = 0; i < text_count; i++) {
        char text[LONGEST + 1];
        size_t size = fill(text, texts[i], first + (int)(one - crowd));
        if (length + size + 8 > sizeof data) give_up("too many texts");
        data[length++] = (char)0x81;
        if (size < 126) {
            data[length++] = (char)(0x80 | size);
        } else {
            data[length++] = (char)(0x80 | 126);
            data[length++] = (char)(size >> 8);
            data[length++] = (char)(size & 0xff);
        }
        memset(data + length, 0, 4); /* a mask of zeros leaves the text as it is */
        memcpy(data + length + 4, text, size);
        length += 4 + size;
    }
    if (length) send_all(one, data, length);
}

static void connect_next(void) {
    struct member *one = &crowd[started++];
    int on = 1;
    struct linger reset = {1, 0}; /* thousands that wait in TIME_WAIT would use up the ports */
    one->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (one->socket < 0) give_up("socket");
    setsockopt(one->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(one->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    struct sockaddr_in near = {.sin_family = AF_INET};
    near.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (first + started - 1) / FROM_ONE_ADDRESS);
    setsockopt(one->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(one->socket, (struct sockaddr *)&near, sizeof near)) give_up("bind");
    if (!(one->said = malloc(SAID + 1))) give_up("malloc");
    if (connect(one->socket, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) give_up("connect");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = one};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, one->socket, &event)) give_up("epoll_ctl");
}

static void greet(struct member *one) {
    char data[LONGEST + 1];
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(one->socket, SOL_SOCKET, SO_ERROR, &error, &length);
    if ((errno = error)) give_up("connect");
    send_all(one, data, fill(data, opening, first + (int)(one - crowd)));
    one->state = GREETED;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, one->socket, &event)) give_up("epoll_ctl");
}

static void arrive(struct member *one) {
    one->state = THERE;
    free(one->said);
    one->said = NULL;
    there++;
    if (started < count) connect_next();
}

static void hear(struct member *one) {
    static char nowhere[1 << 16];
    errno = 0;
    if (one->state == THERE) {
        ssize_t got = recv(one->socket, nowhere, sizeof nowhere, 0);
        if (got <= 0 && errno != EAGAIN) give_up("a connection was dropped");
        if (got > 0) one->received += got, received += got;
        return;
    }
    ssize_t got = recv(one->socket, one->said + one->kept, SAID - one->kept, 0);
    if (got <= 0) {
        if (errno == EAGAIN) return;
        give_up("a connection was refused");
    }
    one->kept += got;
    if (one->state == GREETED) {
        char *end = memmem(one->said, one->kept, "\r\n\r\n", 4);
        if (!end) return;
        if (strncmp(one->said, "HTTP/1.1 101 ", 13)) give_up("the answer is not 101");
        end += 4;
        one->kept -= end - one->said;
        memmove(one->said, end, one->kept);
        one->state = TALKING;
        say(one);
    }
    if (memmem(one->said, one->kept, mark, strlen(mark)))
        arrive(one);
    else if (one->kept == SAID)
        give_up("too much was said without the mark");
}

/* What is told is one short line. Return whether there is more to come. */
static int listen_to(int input) {
    char line[32] = "";
    if (read(input, line, sizeof line - 1) <= 0) return 0;
    message = atol(line);
    return 1;
}

/* Return whether there is more to come from the input. */
static int turn(int patience) {
    static struct epoll_event ready[512];
    int found = epoll_wait(epoll, ready, 512, patience), goes_on = 1;
    errno = found < 0 ? errno : 0;
    if (found <= 0) give_up("nothing has happened for too long");
    for (int i = 0; i < found; i++) {
        struct member *one = ready[i].data.ptr;
        if (!one) goes_on = listen_to(STDIN_FILENO);
        else if (one->state == CONNECTING) greet(one);
        else hear(one);
    }
    return goes_on;
}

static void stay(void) {
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input)) give_up("epoll_ctl");
    received = 0;
    for (int i = 0; i < count; i++) crowd[i].received = 0;
    while (turn(-1)) {
        long now = message ? received / count / message : 0;
        if (now != messages) {
            printf("%ld\n", messages = now);
            fflush(stdout);
        }
    }
    for (int i = 0; message && i < count; i++)
        if (crowd[i].received != messages * message) give_up("not all have received the same");
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(atoi(argv[1]));
    first = atoi(argv[2]), count = atoi(argv[3]);
    int in_flight = atoi(argv[4]);
    opening = argv[5], mark = argv[6], texts = argv + 7, text_count = argc - 7;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    crowd = calloc(count, sizeof *crowd);
    epoll = epoll_create1(0);
    if (!crowd || epoll < 0) give_up("epoll");

    double begun = seconds(CLOCK_MONOTONIC), busy = seconds(CLOCK_PROCESS_CPUTIME_ID);
    while (started < count && started < in_flight) connect_next();
    while (there < count) turn(PATIENCE);
    printf("%.6f %.6f\n", seconds(CLOCK_MONOTONIC) - begun, seconds(CLOCK_PROCESS_CPUTIME_ID) - busy);
    fflush(stdout);
    stay();
    return 0;
}
