internal import Core
internal import Glibc

/// What the kernel knows about this process, under the names every Prometheus client uses. Read when scraped.
package enum ProcessMetrics {
    package static func register(in registry: MetricsRegistry) {
        let started = Double(Timestamp.now.milliseconds) / 1_000
        registry.observedGauge("process_start_time_seconds", help: "When the process started, since 1970.") { started }
        registry.observedCounter("process_cpu_seconds_total", help: "User and system CPU time spent.") { cpuSeconds() }
        registry.observedGauge("process_resident_memory_bytes", help: "Resident memory.") { residentBytes() }
        registry.observedGauge("process_open_fds", help: "Open file descriptors.") { Double(openDescriptors()) }
        registry.observedGauge("process_max_fds", help: "The limit of open file descriptors.") { descriptorLimit() }
        registry.observedGauge("process_threads", help: "Threads.") { Double(entries(of: "/proc/self/task")) }
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .nan }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The second number of `/proc/self/statm` is the resident size in pages.
    private static func residentBytes() -> Double {
        let fields = readSmallFile("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func descriptorLimit() -> Double {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .nan }
        return Double(limit.rlim_cur)
    }

    /// The descriptor that counts them is not one of them.
    private static func openDescriptors() -> Int { max(0, entries(of: "/proc/self/fd") - 1) }

    private static func entries(of directory: String) -> Int {
        guard let handle = unsafe opendir(directory) else { return 0 }
        defer { unsafe closedir(handle) }
        var count = -2
        while unsafe readdir(handle) != nil { count += 1 }
        return max(0, count)
    }

    private static func readSmallFile(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
