package import Core
internal import Glibc
internal import Synchronization

/// Writes lines to a file descriptor (standard error) on a thread of its own.
///
/// Callers only append to a buffer under a lock held for a memcpy. When the reader of the descriptor stalls and the
/// buffer is full, new lines are dropped and counted, and one line says how many as soon as there is room again: a
/// stuck terminal or log collector never stops a request.
package final class DescriptorLogSink: LogSink {
    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        /// Counts hand-overs, so that `flush` can tell when what it saw has been written.
        var accepted: UInt64 = 0
        var written: UInt64 = 0
    }

    private let state = Mutex(State())
    /// Our own: the writing thread never ends, and a number that somebody else closes is soon another's, whose peer
    /// would be sent our lines.
    private let descriptor: Int32
    private let maximumBytes: Int
    private let linger: Duration
    private let wake: WakeSignal

    package static let standardError = DescriptorLogSink(descriptor: STDERR_FILENO)

    /// Writes to what `descriptor` leads to now, whatever becomes of that number. A line waits for others as long as
    /// `linger` says: who has thousands a second would otherwise wake a thread and call the kernel for each.
    package init(descriptor: Int32, buffering maximum: ByteCount = .mebibytes(4), linger: Duration = .zero) {
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        self.descriptor = own >= 0 ? own : descriptor
        maximumBytes = maximum.bytes
        self.linger = linger
        wake = WakeSignal()
        startThread()
    }

    package func write(_ line: [UInt8], level: LogLevel) { _ = offer(line) }

    /// False when the buffer was full and the line was dropped.
    package func offer(_ line: [UInt8]) -> Bool {
        let (accepted, isFirst) = state.withLock { state in
            guard state.pending.count + line.count <= maximumBytes else {
                state.dropped += 1
                return (false, false)
            }
            let isFirst = state.pending.isEmpty
            state.pending.append(contentsOf: line)
            state.accepted += 1
            return (true, isFirst)
        }
        // Whoever takes what is pending takes all of it: one call for the first is enough.
        if isFirst { wake.signal() }
        return accepted
    }

    package func flush(deadline: Deadline) {
        let target = state.withLock { $0.accepted }
        while state.withLock({ $0.written < target }), !deadline.hasPassed { usleep(500) }
    }

    /// From now on to what `descriptor` leads to, as after a log file was rotated. The caller keeps its own.
    package func turn(to descriptor: Int32) {
        dup2(descriptor, self.descriptor)
        _ = fcntl(self.descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// How many lines were dropped since the last line that said so.
    package var droppedLines: Int { state.withLock { $0.dropped } }

    private func startThread() {
        let outcome = DetachedThread.start { [self] in writeForever() }
        precondition(outcome == 0, "the process may not start a thread for its log: raise its limit of threads")
    }

    private func writeForever() {
        ignoreBrokenPipe()
        while true {
            wake.wait()
            if linger > .zero { usleep(UInt32(clamping: linger.wholeNanoseconds / 1_000)) }
            drain()
        }
    }

    private func drain() {
        while true {
            let (batch, dropped, mark) = state.withLock { state in
                let taken = (state.pending, state.dropped, state.accepted)
                state.pending = []
                state.dropped = 0
                return taken
            }
            guard !batch.isEmpty else { return }
            writeAll(batch)
            if dropped > 0 { writeAll(Self.droppedNotice(dropped)) }
            state.withLock { $0.written = mark }
        }
    }

    private static func droppedNotice(_ count: Int) -> [UInt8] {
        let text =
            "{\"time\":\"\(Timestamp.now.rfc3339)\",\"level\":\"warning\","
            + "\"message\":\"log lines were dropped because their reader was too slow\",\"lines\":\(count)}\n"
        return Array(text.utf8)
    }

    /// A reader that went away (`EPIPE`) loses its lines; nothing better can be done with them.
    private func writeAll(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                waitWritable()
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Blocked on this thread only: a reader that went away must not end the process.
    private func ignoreBrokenPipe() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private func waitWritable() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, 1_000)
    }
}

/// A counting semaphore, which is what lets a thread sleep until any other thread has something for it.
///
/// `@unchecked Sendable`: the only state is a `sem_t` at a fixed address, which POSIX makes safe to use from any thread.
@safe private final class WakeSignal: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        _ = unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        _ = unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() { _ = unsafe sem_post(semaphore) }
    func wait() { while unsafe sem_wait(semaphore) != 0 {} }
}
