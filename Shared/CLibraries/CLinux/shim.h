#pragma once
// Swift's own Glibc module lacks what follows. _GNU_SOURCE must not be defined here: Glibc was built without it, and
// the compiler then sees two shapes of the same structures. What stands behind it is declared by hand instead.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

// EPOLLET is 1u << 31, which Swift imports with a sign that does not fit `events`.
static const uint32_t infinite_epoll_in = EPOLLIN;
static const uint32_t infinite_epoll_out = EPOLLOUT;
static const uint32_t infinite_epoll_failed = EPOLLERR | EPOLLHUP;
static const uint32_t infinite_epoll_peer_closed = EPOLLRDHUP;
static const uint32_t infinite_epoll_edge = (uint32_t)EPOLLET;
static const uint32_t infinite_epoll_once = (uint32_t)EPOLLONESHOT;

// `epoll_event` is packed and holds a union: both are clumsy and slow to reach from Swift.
static inline int infinite_epoll_control(int epoll, int operation, int descriptor, uint32_t events, void *context) {
    struct epoll_event event = {.events = events, .data.ptr = context};
    return epoll_ctl(epoll, operation, descriptor, &event);
}
static inline uint32_t infinite_epoll_events(const struct epoll_event *event) { return event->events; }
static inline void *infinite_epoll_context(const struct epoll_event *event) { return event->data.ptr; }

// accept4 is hidden behind _GNU_SOURCE.
static inline int infinite_accept(int listener, struct sockaddr_storage *peer, socklen_t *length) {
    extern int accept4(int, struct sockaddr *, socklen_t *, int);
    return accept4(listener, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// sockaddr casts and the SOCK_ flags are enums in Swift; here they are one call.
static inline int infinite_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
static inline int infinite_connect(int descriptor, const struct sockaddr_storage *peer, socklen_t length) {
    return connect(descriptor, (const struct sockaddr *)peer, length);
}
static inline int infinite_bind(int descriptor, const struct sockaddr_storage *local, socklen_t length) {
    return bind(descriptor, (const struct sockaddr *)local, length);
}
static inline int infinite_socket_name(int descriptor, struct sockaddr_storage *local, socklen_t *length) {
    return getsockname(descriptor, (struct sockaddr *)local, length);
}

// The four calls of the hot path go to the kernel directly. glibc's wrappers are thread cancellation points and pay for
// that in every call; nobody here cancels threads. `read` on a socket would also cost more in the kernel than `recv`.
static inline ssize_t infinite_receive(int descriptor, void *bytes, size_t length) {
    return syscall(SYS_recvfrom, descriptor, bytes, length, 0, NULL, NULL);
}
// What is looked at stays where it is for whoever reads next.
static inline ssize_t infinite_peek(int descriptor, void *bytes, size_t length) {
    return syscall(SYS_recvfrom, descriptor, bytes, length, MSG_PEEK, NULL, NULL);
}
static inline int infinite_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
    return (int)syscall(SYS_epoll_wait, epoll, events, capacity, milliseconds);
}
// Two buffers in one system call, without SIGPIPE; `struct msghdr` is nine fields of ceremony in Swift.
static inline ssize_t infinite_send_two(
    int descriptor, const void *first, size_t firstLength, const void *second, size_t secondLength) {
    struct iovec parts[2] = {{(void *)first, firstLength}, {(void *)second, secondLength}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
}
static inline ssize_t infinite_send(int descriptor, const void *bytes, size_t length) {
    return syscall(SYS_sendto, descriptor, bytes, length, MSG_NOSIGNAL, NULL, 0);
}

static inline int infinite_set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}
static inline int infinite_pending_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

// A signal handler may call nothing but write(2), so it cannot be Swift: it puts the signal's number into a pipe.
// One file of the Reactor module includes the state below (see SignalStream.swift).
static int infinite_signal_pipe = -1;
static void infinite_signal_arrived(int signal) {
    int saved = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t ignored = write(infinite_signal_pipe, &number, 1);
    (void)ignored;
    errno = saved;
}
// pipe2 is hidden behind _GNU_SOURCE.
static inline int infinite_pipe(int ends[2], int flags) {
    extern int pipe2(int *, int);
    return pipe2(ends, flags);
}
static inline int infinite_signal_route(int signal, int pipe) {
    infinite_signal_pipe = pipe;
    struct sigaction action = {.sa_handler = infinite_signal_arrived, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    return sigaction(signal, &action, NULL);
}
static inline int infinite_signal_default(int signal) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    return sigaction(signal, &action, NULL);
}

// Non-portable and therefore absent from Swift's Glibc module.
static inline void infinite_name_thread(pthread_t thread, const char *name) {
    extern int pthread_setname_np(pthread_t, const char *);
    pthread_setname_np(thread, name);
}

// The affinity mask, unlike sysconf, knows what taskset and cpusets leave us. The system call says how many bytes of
// the mask it wrote.
static inline int infinite_usable_cores(void) {
    unsigned long mask[64] = {0};
    long written = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int cores = 0;
    for (long word = 0; word * (long)sizeof *mask < written; word++) cores += __builtin_popcountl(mask[word]);
    return cores > 0 ? cores : 1;
}

// The task that runs, to be compared and nothing else. Swift's own function for it is generic when it runs, which takes
// 340 instructions, and a Swift declaration of this one is refused.
__attribute__((swiftcall)) void *swift_task_getCurrent(void);
static inline void *infinite_current_task(void) { return swift_task_getCurrent(); }
