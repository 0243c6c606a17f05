package import Core

/// Where a body's pieces come from: a connection.
package protocol HTTPBodySource: AnyObject, Sendable {
    /// nil once the body is complete. `exchange` names the message: a source outlives it and must not serve another's.
    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]?
    /// A piece that is there already; nil when there is none, or nobody knows without waiting.
    func pieceAtHand(of exchange: UInt64) throws(HTTPFailure) -> [UInt8]?
    /// Nobody will read the rest. On return the source has let go of everything that belongs to the exchange.
    func abandon(_ exchange: UInt64) async
}

extension HTTPBodySource {
    package func pieceAtHand(of exchange: UInt64) throws(HTTPFailure) -> [UInt8]? { nil }
    package func abandon(_ exchange: UInt64) async {}
}

/// The body of a message, read piece by piece as it arrives and never held as a whole unless asked for.
package struct HTTPBody: Sendable {
    /// Known beforehand, nil in chunked bodies and those that end with the connection.
    package let length: Int?
    private let source: (any HTTPBodySource)?
    private let exchange: UInt64

    package static let empty = HTTPBody(length: 0, source: nil, exchange: 0)

    package init(length: Int?, source: (any HTTPBodySource)?, exchange: UInt64) {
        self.length = length
        self.source = source
        self.exchange = exchange
    }

    /// A body whose beginning has been read already.
    package init(_ beginning: [UInt8], then rest: HTTPBody) {
        self.init(
            length: rest.length, source: HTTPBodyBeginning(beginning, then: rest), exchange: 0)
    }

    /// Whether there is nothing to read, known without reading.
    package var isEmpty: Bool { source == nil }

    /// Part of the caller's frame: small bodies come together with their heads, and then nothing is waited for.
    @inlinable @inline(__always)
    package func next(deadline: Deadline = .never) async throws(HTTPFailure) -> [UInt8]? {
        if let piece = try pieceAtHand() { return piece }
        return try await nextPiece(deadline)
    }

    @usableFromInline
    func pieceAtHand() throws(HTTPFailure) -> [UInt8]? { try source?.pieceAtHand(of: exchange) }

    @usableFromInline
    func nextPiece(_ deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        try await source?.nextPiece(of: exchange, deadline: deadline)
    }

    /// Gives up what has not been read. Costs nothing when the body is complete.
    package func abandon() async { await source?.abandon(exchange) }

    /// All of it, refused as soon as it is known to be larger than `limit`.
    package func collect(upTo limit: Int, deadline: Deadline = .never) async throws(HTTPFailure) -> [UInt8] {
        if let length, length > limit { throw .tooLarge(limit: limit) }
        var bytes: [UInt8] = []
        while let piece = try await next(deadline: deadline) {
            guard bytes.count + piece.count <= limit else { throw .tooLarge(limit: limit) }
            if bytes.isEmpty { bytes = piece } else { bytes += piece }
        }
        return bytes
    }
}

/// Confined to the task that reads the body, which is what makes it Sendable.
private final class HTTPBodyBeginning: HTTPBodySource, @unchecked Sendable {
    private var beginning: [UInt8]
    private let rest: HTTPBody

    init(_ beginning: [UInt8], then rest: HTTPBody) {
        self.beginning = beginning
        self.rest = rest
    }

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        guard beginning.isEmpty else {
            defer { beginning = [] }
            return beginning
        }
        return try await rest.next(deadline: deadline)
    }
}
