import Glibc

/// What the executable does besides serving: without broker, database and configuration.
enum OfflineVerb {
    private static let maximumSize = 16 << 20

    /// Returns only when another verb was asked for.
    static func runIfAsked(_ words: [String]) {
        let arguments = Array(words.dropFirst(2))
        switch words.dropFirst().first {
        case "explain": ExplainVerb.run(arguments)
        case "measure": MeasureVerb.run(arguments)
        case "replay": ReplayVerb.run(arguments)
        default: return
        }
    }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= maximumSize {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        return nil
    }

    static func say(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// After <sysexits.h>.
    static func end(_ text: String, status: Int32) -> Never {
        write(text, to: STDERR_FILENO)
        exit(status)
    }

    private static func write(_ text: String, to descriptor: CInt) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            start += count
        }
    }
}
