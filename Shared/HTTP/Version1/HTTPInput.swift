internal import Core
internal import Reactor

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
    private let reactor: Reactor
    private var kept: [UInt8] = []
    /// The peer has ended its side.
    private(set) var hasEnded = false

    init(_ stream: any ByteStream) {
        self.stream = stream
        reactor = stream.reactor
        socket = stream as? StreamSocket
    }

    var hasKeptBytes: Bool { !kept.isEmpty }

    /// For whoever takes the connection over.
    func takeKept() -> [UInt8] {
        defer { kept = [] }
        return kept
    }

    // MARK: Heads

    /// The next head, nil when the peer ended the connection before its first byte. The first byte may take until
    /// `idleDeadline`; from then on the whole head has `timeout`.
    @inline(__always)
    func readHead<Parser: HTTPHeadParser>(
        _ parser: @autoclosure () -> Parser, idleDeadline: Deadline, timeout: Duration, onFirstByte: () -> Void = {}
    ) async throws(HTTPFailure) -> Parser.Head? {
        if !hasKeptBytes {
            // The usual way: nothing is held while waiting, and the first read brings the whole head.
            while true {
                if let count = try tryRead() {
                    guard count > 0 else {
                        hasEnded = true
                        return nil
                    }
                    onFirstByte()
                    var parser = parser()
                    if let head = try parseScratch(count, &parser) { return head }
                    return try await readRest(parser, deadline: .after(timeout))
                }
                if let socket, socket.mayWaitInPlace {
                    try Self.check(await Waker.suspend { socket.beginWaitReadable($0, deadline: idleDeadline) })
                } else {
                    try await wait(until: idleDeadline)
                }
            }
        }
        onFirstByte()
        var parser = parser()
        if let head = try parseKept(&parser) { return head }
        return try await readRest(parser, deadline: .after(timeout))
    }

    /// The rest of a head whose beginning is kept and known to `parser`.
    private func readRest<Parser: HTTPHeadParser>(
        _ parser: consuming Parser, deadline: Deadline
    ) async throws(HTTPFailure) -> Parser.Head? {
        while true {
            guard let count = try tryRead() else {
                try await wait(until: deadline)
                continue
            }
            guard count > 0 else {
                hasEnded = true
                throw .truncated
            }
            keep(count)
            if let head = try parseKept(&parser) { return head }
        }
    }

    private static func check(_ outcome: WaitOutcome) throws(HTTPFailure) {
        do {
            try outcome.get()
        } catch {
            throw .stream(error)
        }
    }

    private func parseScratch<Parser: HTTPHeadParser>(
        _ count: Int, _ parser: inout Parser
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
