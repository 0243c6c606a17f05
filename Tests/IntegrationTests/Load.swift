import Core
import Foundation
import LocalServers
import Synchronization

/// Honest requests from many visitors, four at a time, until told to stop; counts what the visitors saw. Each request
/// comes from another address, since one that asks as fast as this is rightly throttled.
final class Load: Sendable {
    struct Seen: Sendable {
        var served = 0
        var failed: [String] = []
    }

    private let seen = Mutex(Seen())
    private let isStopped = Mutex(false)

    init(on port: Int) {
        for group in 1...4 {
            Thread.detachNewThread {
                var visitor = 0
                while !self.isStopped.withLock({ $0 }) {
                    visitor += 1
                    let address = "127.\(20 + group).\(visitor / 250 % 250).\(1 + visitor % 250)"
                    self.count(PlainHTTP.send("GET", "/items/2", port: port, from: address))
                }
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
