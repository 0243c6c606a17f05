import Core
import HTTP
import Reactor

/// A request's body on its way to an upstream: the beginning that inspection has read, then what is still to come.
///
/// As long as nothing of the rest was touched it can be sent again from its first byte. Confined to the request's
/// reactor, which is what makes it Sendable.
final class ReplayableBody: HTTPBodySource, @unchecked Sendable {
    private let beginning: [UInt8]
    private let rest: HTTPBody
    private let limit: Int
    private var hasGivenBeginning = false
    private var hasTouchedRest = false
    private var seen: Int
    /// What went wrong on the client's side: no upstream's fault.
    private(set) var failure: HTTPFailure?
    /// Judges what comes after the beginning, if anybody does.
    let watch: BodyWatch?

    init(_ beginning: [UInt8], then rest: HTTPBody, limit: Int, watch: BodyWatch? = nil) {
        self.watch = watch
        self.beginning = beginning
        self.rest = rest
        self.limit = limit
        seen = beginning.count
    }

    var body: HTTPBody { HTTPBody(length: rest.length, source: self, exchange: 0) }

    var canRewind: Bool { !hasTouchedRest }

    func rewind() { hasGivenBeginning = false }

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        if !hasGivenBeginning {
            hasGivenBeginning = true
            if !beginning.isEmpty { return beginning }
        }
        hasTouchedRest = true
        do throws(HTTPFailure) {
            guard let piece = try await rest.next(deadline: deadline) else {
                guard watch?.finish() != true else { throw .stream(.cancelled) }
                return nil
            }
            seen += piece.count
            guard seen <= limit else { throw .tooLarge(limit: limit) }
            // The piece that makes it an attack is the first that the upstream does not get.
            guard watch?.take(piece) != true else { throw .stream(.cancelled) }
            // With the last byte of an announced length the upstream would have all of it.
            if seen == rest.length, watch?.finish() == true { throw .stream(.cancelled) }
            return piece
        } catch {
            failure = error
            throw error
        }
    }
}

/// What a request carries to its upstream.
enum OutgoingBody {
    case none
    case bytes([UInt8])
    case stream(ReplayableBody)

    var isNone: Bool {
        if case .none = self { true } else { false }
    }

    var forClient: HTTPClientRequest.Body {
        switch self {
        case .none: .none
        case .bytes(let bytes): .bytes(bytes)
        case .stream(let body): .stream(body.body)
        }
    }

    var canRewind: Bool {
        if case .stream(let body) = self { body.canRewind } else { true }
    }

    func rewind() {
        if case .stream(let body) = self { body.rewind() }
    }

    var watch: BodyWatch? {
        if case .stream(let body) = self { body.watch } else { nil }
    }

    var clientFailure: HTTPFailure? {
        if case .stream(let body) = self { body.failure } else { nil }
    }
}
