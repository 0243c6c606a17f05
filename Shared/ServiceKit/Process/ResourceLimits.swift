internal import Glibc

/// The kernel's limits on this process.
enum ResourceLimits {
    /// Raises the soft limit of open files to `wanted`, or to all the hard limit allows when `wanted` is zero. Returns
    /// what is in force.
    static func raiseOpenFiles(to wanted: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        limit.rlim_cur = wanted == 0 ? limit.rlim_max : min(rlim_t(wanted), limit.rlim_max)
        _ = unsafe setrlimit(resource, &limit)
        _ = unsafe getrlimit(resource, &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// A core dump holds keys and passwords, so there is none unless an operator asks.
    static func setCoreDumps(_ areAllowed: Bool) {
        guard !areAllowed else { return }
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
