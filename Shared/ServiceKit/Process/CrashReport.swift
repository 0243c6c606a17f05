internal import CCrashReport
internal import Glibc

/// What a crash leaves behind: a report with the thread and its backtrace on standard error and in
/// `<directory>/infinite-<service>-<pid>.crash`.
///
/// Swift's own backtracer is not used: it needs a second executable beside the program and starts it from the handler,
/// which a read-only container with a process limit does not allow.
enum CrashReport {
    static func install(title: String, service: String, directory: String) throws(FileFailure) {
        let path = directory.isEmpty ? "" : "\(directory)/infinite-\(service)-\(getpid()).crash"
        guard unsafe infinite_install_crash_report(title, path) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw FileFailure(reason: "a crash report cannot be prepared: \(reason)")
        }
    }
}
