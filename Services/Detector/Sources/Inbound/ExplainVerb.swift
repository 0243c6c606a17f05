import Glibc
import Inspection

/// `detector explain FILE.http`: judges a request kept in a file, offline, and says why. `-` reads standard input.
enum ExplainVerb {
    private static let maximumSize = 16 << 20
    private static let usage = "usage: detector explain FILE.http (a request line, headers, an empty line, the body)\n"

    /// Returns only when another verb was asked for.
    static func runIfAsked(_ words: [String]) {
        if words.dropFirst().first == "explain" { run(words.dropFirst(2)) }
    }

    private static func run(_ arguments: some Collection<String>) -> Never {
        guard arguments.count == 1, let path = arguments.first else { end(usage, status: 64) }
        do {
            let engine = try InspectionEngine.builtIn()
            var scratch = try InspectionScratch()
            guard let bytes = read(path) else { end("detector: \(path) cannot be read\n", status: 66) }
            let verdict = engine.inspect(try RequestText.parse(bytes), .standard, &scratch)
            write(Explanation.text(verdict, engineVersion: engine.version), to: STDOUT_FILENO)
            exit(0)
        } catch {
            end("detector: \(path): \(error)\n", status: 65)
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
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

    private static func end(_ text: String, status: Int32) -> Never {
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
