import Core
import HTTP

/// Content that is here as a whole. Confined to the task that reads it, which is what makes it Sendable.
private final class StoredBody: HTTPBodySource, @unchecked Sendable {
    private var bytes: [UInt8]?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func pieceAtHand(of exchange: UInt64) throws(HTTPFailure) -> [UInt8]? {
        defer { bytes = nil }
        return bytes
    }

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        try pieceAtHand(of: exchange)
    }
}

extension HTTPBody {
    static func whole(_ bytes: [UInt8]) -> HTTPBody {
        bytes.isEmpty ? .empty : HTTPBody(length: bytes.count, source: StoredBody(bytes), exchange: 0)
    }
}
