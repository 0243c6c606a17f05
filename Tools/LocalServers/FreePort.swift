/// Free TCP ports on 127.0.0.1, taken from below the range the kernel gives to outgoing connections: a port from that
/// range can be gone when a killed server wants it back, and a client that reconnects to one may connect to itself.
internal import Glibc
internal import Synchronization

package enum FreePort {
    package static let range = 15_000...32_000
    /// What this process has given away, though nobody may listen there yet.
    private static let given = Mutex<Set<Int>>([])

    package static func choose() throws(LocalServerFailure) -> Int {
        for _ in 0..<500 {
            let candidate = Int.random(in: range)
            if isFree(candidate), given.withLock({ $0.insert(candidate).inserted }) { return candidate }
        }
        throw .noFreePort
    }

    package static func isFree(_ port: Int) -> Bool {
        guard let descriptor = LoopbackSocket.listen(port: port) else { return false }
        close(descriptor)
        return true
    }

    /// The port this folder has used before, unless somebody else has it now.
    package static func remembered(
        in folder: String, name: String = "port", preferred: Int? = nil, account: ServerAccount? = nil
    ) throws(LocalServerFailure) -> Int {
        let path = "\(folder)/\(name)"
        if let kept = PrivateFiles.read(path).flatMap({ Int($0) }), isFree(kept) {
            given.withLock { _ = $0.insert(kept) }
            return kept
        }
        let port = if let preferred, isFree(preferred) { preferred } else { try choose() }
        try PrivateFiles.write("\(port)", to: path, account: account)
        return port
    }
}
