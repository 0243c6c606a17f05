#define _GNU_SOURCE
#include "crash_report.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { maximum_frames = 128, stack_size = 64 * 1024 };

static char report_title[256];
static char report_path[1024];
static volatile sig_atomic_t is_reporting;

static const struct { int number; const char *name; } fatal_signals[] = {
    {SIGSEGV, "SIGSEGV (invalid memory access)"}, {SIGBUS, "SIGBUS (invalid memory access)"},
    {SIGILL, "SIGILL (a check failed in Swift code, or an invalid instruction)"},
    {SIGTRAP, "SIGTRAP (a check failed in Swift code)"}, {SIGFPE, "SIGFPE (arithmetic error)"},
    {SIGABRT, "SIGABRT (the process gave up)"},
};

static void put(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(fd, text, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text += written;
        left -= (size_t)written;
    }
}

static void put_number(int fd, uint64_t value, unsigned base) {
    char digits[32];
    char *start = digits + sizeof digits;
    *--start = 0;
    do {
        *--start = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    put(fd, start);
}

static const char *signal_name(int number) {
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        if (fatal_signals[i].number == number) return fatal_signals[i].name;
    return "a signal";
}

// Where the program's code was loaded: what a symboliser needs beside the addresses.
static void put_file_head(int fd, const char *path) {
    char buffer[4096];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t count = read(file, buffer, sizeof buffer - 1);
    close(file);
    if (count <= 0) return;
    buffer[count] = 0;
    put(fd, buffer);
}

static void write_report(int fd, int number, const siginfo_t *info, void *const *frames, int frame_count) {
    struct timespec now;
    char thread[17] = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    prctl(PR_GET_NAME, thread);
    put(fd, "\n*** ");
    put(fd, report_title);
    put(fd, " crashed: ");
    put(fd, signal_name(number));
    put(fd, "\ntime (seconds since 1970): ");
    put_number(fd, (uint64_t)now.tv_sec, 10);
    put(fd, "\nprocess: ");
    put_number(fd, (uint64_t)getpid(), 10);
    put(fd, "\nthread: ");
    put_number(fd, (uint64_t)syscall(SYS_gettid), 10);
    put(fd, " ");
    put(fd, thread);
    put(fd, "\nfault address: 0x");
    put_number(fd, (uint64_t)(uintptr_t)info->si_addr, 16);
    put(fd, "\nbacktrace:\n");
    backtrace_symbols_fd(frames, frame_count, fd);
    put(fd, "mappings:\n");
    put_file_head(fd, "/proc/self/maps");
    put(fd, "\n*** end of report\n");
}

static void handle(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved_errno = errno;
    signal(number, SIG_DFL);
    if (!__sync_lock_test_and_set(&is_reporting, 1)) {
        void *frames[maximum_frames];
        int count = backtrace(frames, maximum_frames);
        write_report(STDERR_FILENO, number, info, frames, count);
        if (report_path[0]) {
            int file = open(report_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (file >= 0) {
                write_report(file, number, info, frames, count);
                close(file);
            }
        }
    }
    errno = saved_errno;
    // A fault happens again when the instruction does; a signal somebody sent has to be sent again.
    if (info->si_code <= 0) raise(number);
}

int infinite_install_crash_report(const char *title, const char *path) {
    if (strlen(title) >= sizeof report_title || strlen(path) >= sizeof report_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(report_title, title);
    strcpy(report_path, path);

    // The first call of backtrace loads libgcc, which allocates: have that behind us.
    void *frame[1];
    backtrace(frame, 1);

    // A stack of its own for this thread, so that its overflow can be told. Other threads report on their own stack.
    stack_t alternate = {.ss_sp = malloc(stack_size), .ss_size = stack_size};
    if (alternate.ss_sp == NULL || sigaltstack(&alternate, NULL) != 0) return -1;

    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        if (sigaction(fatal_signals[i].number, &action, NULL) != 0) return -1;
    return 0;
}
