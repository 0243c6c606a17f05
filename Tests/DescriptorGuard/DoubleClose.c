// Ends the test process when it closes a descriptor that is not open: somebody closed it twice.
//
// The first of the two numbers may by then be another owner's (libdispatch's epoll set, a database connection, another
// test's pipe), whose own calls then fail or, worse, reach a stranger's descriptor, and the test that fails is not the
// one that is wrong. Whether the second close finds the number free is a matter of microseconds; where it does, this
// says who it was. The definition below takes the place of libc's in the whole process, libraries included.
//
// The thread sanitizer has a `close` of its own, which it needs.
#if !(defined(__has_feature) && __has_feature(thread_sanitizer))
#include <errno.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int close(int descriptor) {
    long result = syscall(SYS_close, descriptor);
    // A negative number is no descriptor, and nobody else's either.
    if (result == 0 || errno != EBADF || descriptor < 0) return (int)result;
    static const char text[] = "A descriptor was closed twice, the second time here:\n";
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
    void *frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    abort();
}
#endif
