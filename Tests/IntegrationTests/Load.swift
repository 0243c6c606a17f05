import Core
import Foundation
import LocalServers
import Synchronization

/// Honest requests, one after the other from four visitors, until told to stop; counts what the visitors saw.
final class Load: Sendable {
    struct Seen: Sendable {
        var served = 0
        var failed: [String] = []
    }

    private let seen = Mutex(Seen())
    private let isStopped = Mutex(false)

    init(on client: Client) {
        for _ in 0..<4 {
            Thread.detachNewThread {
                while !self.isStopped.withLock({ $0 }) { self.count(try? client.get("/items/2")) }
            }
        }
    }

    var served: Int { seen.withLock { $0.served } }

    func stop() -> Seen {
        isStopped.withLock { $0 = true }
        return seen.withLock { $0 }
    }

    private func count(_ answer: PlainHTTPResponse?) {
        seen.withLock { seen in
            if answer?.status == 200 {
                seen.served += 1
            } else {
                seen.failed.append(answer.map { "\($0.status): \($0.text.prefix(200))" } ?? "no answer")
            }
        }
    }
}
