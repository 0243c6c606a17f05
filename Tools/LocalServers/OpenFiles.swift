/// How many files our children may have open. A login's usual 1,024 is too few for a broker: RabbitMQ sets two aside for
/// each queue, and when none is left it waits without a word.
internal import Glibc

package enum OpenFiles {
    /// Nobody here needs more, and Erlang makes a table with as many entries as it is allowed.
    private static let enough: rlim_t = 65_536

    /// Raises this process's soft limit, which its children inherit, once.
    static let raised: Bool = {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < enough else { return false }
        limit.rlim_cur = min(limit.rlim_max, enough)
        return unsafe setrlimit(resource, &limit) == 0
    }()

    /// How many files a process may have open at once, once that is raised.
    package static var limit: Int {
        _ = raised
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }
}
