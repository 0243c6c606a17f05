internal import Glibc

/// This thread's processor time: the wall's clock also counts what others do.
package enum ThreadClock {
    package static func seconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
