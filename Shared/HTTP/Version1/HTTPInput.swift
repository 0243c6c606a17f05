internal import Core
internal import Reactor
internal import TLS

/// What the request and the response parser have in common for a connection that feeds them.
package protocol HTTPHeadParser {
    associatedtype Head
    mutating func parse(_ bytes: Span<UInt8>) throws(HTTPRefusal) -> Head?
    var consumed: Int { get }
}

/// The receiving half of a connection.
///
/// Bytes arrive in the reactor's scratch buffer and are parsed there. Only what a message left over, or a head that is
/// not complete yet, is kept here: an idle connection holds no buffer. Confined to the stream's reactor.
final class HTTPInput {
    let stream: any ByteStream
    /// `stream` itself when nothing lies between it and the socket: calls then cost no look-up, and a wait no frames.
    private let socket: StreamSocket?
    /// What `stream` waits for when it waits for bytes, where that is a socket.
    let below: StreamSocket?
    private let reactor: Reactor
    private var kept: [UInt8]
    /// The peer has ended its side.
    private(set) var hasEnded = false

    init(_ stream: any ByteStream, received: [UInt8] = []) {
        self.stream = stream
        kept = received
        reactor = stream.reactor
        socket = stream as? StreamSocket
        below = socket ?? (stream as? TLSStream)?.socket
    }

    var hasKeptBytes: Bool { !kept.isEmpty }

    /// Whether the peer may have sent more than was read, as far as that is known without asking the kernel.
    var mayHaveMore: Bool {
        hasKeptBytes || below?.mayHaveInput ?? true || (stream as? TLSStream)?.hasUnreadBytes ?? false
    }

    /// For whoever takes the connection over.
    func takeKept() -> [UInt8] {
        defer { kept = [] }
        return kept
    }

    // MARK: Heads

    /// Waits for the beginning of a message and says how many bytes came into the scratch buffer: 0 when they were kept
    /// before, nil when the peer ended the connection. They go to `readWhole` before anything else runs here.
    ///
    /// Part of the caller's own frame, because a connection spends its rest here: nothing else should stand in it.
    @inline(__always)
    func waitForMessage(until deadline: Deadline) async throws(HTTPFailure) -> Int? {
        guard !hasKeptBytes else { return 0 }
        while true {
            if let count = try tryRead() {
                hasEnded = count == 0
                return hasEnded ? nil : count
            }
            if let below, let outcome = await below.waitReadableCovered(deadline: deadline) {
                try Self.check(outcome)
            } else {
                try await wait(until: deadline)
            }
        }
    }

    /// What `waitForMessage` does, in parts, for a server's connection: it waits in the frame of its own task.
    enum Arrival {
        /// So many in the scratch buffer; 0 when they were kept before.
        case bytes(Int)
        case nothing
        /// The peer has ended the connection, or none came in time.
        case end
    }

    func look() throws(HTTPFailure) -> Arrival {
        guard !hasKeptBytes else { return .bytes(0) }
        guard let count = try tryRead() else { return .nothing }
        hasEnded = count == 0
        return hasEnded ? .end : .bytes(count)
    }

    func look(after outcome: WaitOutcome) throws(HTTPFailure) -> Arrival {
        if case .expired = outcome { return .end }
        try Self.check(outcome)
        return try look()
    }

    /// For streams that are no sockets.
    @inline(never)
    func waitForBytes(until deadline: Deadline) async -> WaitOutcome {
        do throws(StreamFailure) {
            try await stream.waitReadable(deadline: deadline)
            return .ready
        } catch {
            switch error {
            case .deadlineExceeded: return .expired
            case .cancelled: return .cancelled
            default: return .closed
            }
        }
    }

    /// The head that begins with what `waitForMessage` found, if that is all of it, which it is nearly always. A head that
    /// comes in parts is begun anew once, by `readKept`, so that no parser stands in the frames of those that do not.
    func readWhole<Parser: HTTPHeadParser>(
        _ count: Int, _ parser: consuming Parser
    ) throws(HTTPFailure) -> Parser.Head? {
        guard count > 0 else { return nil }
        return try parseScratch(count, parser)
    }

    /// A head whose beginning is kept.
    func readKept<Parser: HTTPHeadParser>(
        _ parser: consuming Parser, deadline: Deadline
    ) async throws(HTTPFailure) -> Parser.Head {
        while true {
            if let head = try parseKept(&parser) { return head }
            try await readMore(deadline: deadline)
        }
    }

    private func readMore(deadline: Deadline) async throws(HTTPFailure) {
        while true {
            guard let count = try tryRead() else {
                try await wait(until: deadline)
                continue
            }
            guard count > 0 else {
                hasEnded = true
                throw .truncated
            }
            return keep(count)
        }
    }

    private static func check(_ outcome: WaitOutcome) throws(HTTPFailure) {
        do {
            try outcome.get()
        } catch {
            throw .stream(error)
        }
    }

    /// The head in the scratch buffer if it is there as a whole; what is not part of it is kept.
    @inline(never)
    private func parseScratch<Parser: HTTPHeadParser>(
        _ count: Int, _ parser: consuming Parser
    ) throws(HTTPFailure) -> Parser.Head? {
        let bytes = unsafe Span<UInt8>(_unsafeBytes: scratch(count))
        let head = try Self.parse(bytes, &parser)
        let used = head == nil ? 0 : parser.consumed
        if used < count { keep(used..<count) }
        return head
    }

    private func parseKept<Parser: HTTPHeadParser>(_ parser: inout Parser) throws(HTTPFailure) -> Parser.Head? {
        let bytes = kept
        guard let head = try Self.parse(bytes.span, &parser) else { return nil }
        dropKept(parser.consumed)
        return head
    }

    /// The parsers know only refusals; a connection can fail in more ways.
    private static func parse<Parser: HTTPHeadParser>(
        _ bytes: Span<UInt8>, _ parser: inout Parser
    ) throws(HTTPFailure) -> Parser.Head? {
        do {
            return try parser.parse(bytes)
        } catch {
            throw .refused(error)
        }
    }

    // MARK: Bodies

    /// The next piece of a body, at most what one read brings; nil once `decoder` is complete.
    func readPiece(
        _ decoder: inout HTTPBodyDecoder, deadline: Deadline
    ) async throws(HTTPFailure) -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.isEmpty && !decoder.isComplete {
            if hasKeptBytes {
                if let piece = try keptPiece(&decoder) { return piece }
                let bytes = kept
                let used = try Self.decode(bytes.span, &decoder, &piece)
                dropKept(used)
                continue
            }
            guard let count = try tryRead() else {
                try await wait(until: deadline)
                continue
            }
            if count == 0 {
                hasEnded = true
                guard decoder.endsWithConnection else { throw .truncated }
                decoder = HTTPBodyDecoder(.none)
            } else {
                let bytes = unsafe Span<UInt8>(_unsafeBytes: scratch(count))
                let used = try Self.decode(bytes, &decoder, &piece)
                if used < count { keep(used..<count) }
            }
        }
        return piece.isEmpty ? nil : piece
    }

    /// All that is kept, where that is nothing but content.
    func keptPiece(_ decoder: inout HTTPBodyDecoder) throws(HTTPFailure) -> [UInt8]? {
        guard hasKeptBytes, try Self.isContent(kept.count, &decoder) else { return nil }
        return takeKept()
    }

    private static func isContent(_ count: Int, _ decoder: inout HTTPBodyDecoder) throws(HTTPFailure) -> Bool {
        do {
            return try decoder.takeContent(count)
        } catch {
            throw .refused(error)
        }
    }

    private static func decode(
        _ input: Span<UInt8>, _ decoder: inout HTTPBodyDecoder, _ piece: inout [UInt8]
    ) throws(HTTPFailure) -> Int {
        var used = 0
        do {
            while used < input.count && !decoder.isComplete {
                let rest = input.extracting(used..<input.count)
                let step = try decoder.decode(rest)
                append(rest.extracting(step.content), to: &piece, expecting: rest.count)
                used += step.consumed
            }
        } catch {
            throw .refused(error)
        }
        return used
    }

    private static func append(_ content: Span<UInt8>, to piece: inout [UInt8], expecting capacity: Int) {
        guard !content.isEmpty else { return }
        // Two bytes of room, so that a chunk's end can follow without another allocation.
        if piece.isEmpty { piece.reserveCapacity(capacity + 2) }
        unsafe content.withUnsafeBufferPointer { unsafe piece.append(contentsOf: $0) }
    }

    // MARK: Bytes

    /// Whether the peer sent something, or ended, without being asked: then the connection is not fit for reuse.
    func isDisturbed() -> Bool {
        if hasKeptBytes || hasEnded { return true }
        do {
            guard let count = try tryRead() else { return false }
            if count == 0 { hasEnded = true } else { keep(count) }
            return true
        } catch {
            return true
        }
    }

    /// Reads and throws away until the peer ends, at most `limit` bytes: closing at once would make the kernel reset the
    /// connection, and the peer would lose the answer it has not read yet.
    func drain(upTo limit: Int, deadline: Deadline) async {
        kept = []
        var left = limit
        while left > 0 {
            do throws(HTTPFailure) {
                guard let count = try tryRead() else {
                    try await wait(until: deadline)
                    continue
                }
                guard count > 0 else { return }
                left -= count
            } catch {
                return
            }
        }
    }

    private func tryRead() throws(HTTPFailure) -> Int? {
        do {
            if let socket { return unsafe try socket.tryRead(into: reactor.scratch) }
            return unsafe try stream.tryRead(into: reactor.scratch)
        } catch {
            throw .stream(error)
        }
    }

    private func wait(until deadline: Deadline) async throws(HTTPFailure) {
        do {
            try await stream.waitReadable(deadline: deadline)
        } catch {
            throw .stream(error)
        }
    }

    private func scratch(_ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: reactor.scratch[..<count])
    }

    private func keep(_ count: Int) { keep(0..<count) }

    private func keep(_ range: Range<Int>) {
        unsafe kept.append(contentsOf: reactor.scratch[range])
    }

    private func dropKept(_ count: Int) {
        if count == kept.count { kept = [] } else { kept.removeFirst(count) }
    }
}
