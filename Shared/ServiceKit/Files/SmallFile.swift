internal import Glibc

/// Why a file could not be read, in words.
package struct FileFailure: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }
    package init(reason: String) { self.reason = reason }
}

/// Reads files whose size is bounded before they are read. It blocks: for start-up, or a thread of its own.
package enum SmallFile {
    package static func read(_ path: String, upTo maximum: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(reason: lastError()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(reason: lastError()) }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= maximum else {
                throw FileFailure(reason: "it is larger than \(maximum) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func lastError() -> String {
        switch errno {
        case ENOENT: "it does not exist"
        case EACCES: "this user may not read it"
        case EISDIR: "it is a directory"
        case let code: unsafe String(cString: strerror(code))
        }
    }
}
