internal import Core
internal import Glibc

/// What this thread computes while `work` runs: unlike a clock's time it does not grow with what else the machine does.
package func processorTime<Failure: Error>(of work: () throws(Failure) -> Void) throws(Failure) -> Duration {
    let before = processorTime()
    try work()
    return processorTime() - before
}

/// What this thread has computed since it began.
package func processorTime() -> Duration {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
}
