internal import HTTP

/// A stream of requests, read the way a connection reads it. The first byte says where the stream is split in two: what is
/// found must not depend on that.
enum HTTPFuzzing {
    static func requests(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let split = stream.count * Int(first) / 255
        precondition(transcript([stream]) == transcript([Array(stream[..<split]), Array(stream[split...])]))
    }

    /// The first byte says where the stream is split, which may change nothing but into how many pieces content falls.
    static func frames(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let split = stream.count * Int(first) / 255
        let heard = HTTP2UntrustedBytes.read(Array(stream[..<split]), Array(stream[split...]))
        for line in heard { precondition(!line.utf8.contains { $0 == 10 || $0 == 13 || $0 == 0 }) }
    }

    /// A header is the same whatever follows it, and is never known before its last byte is there.
    static func proxyHeader(_ bytes: [UInt8]) {
        guard let header = try? ProxyHeader.parse(bytes.span) else { return }
        precondition(header.length <= min(bytes.count, ProxyHeader.longest))
        for length in 0..<header.length {
            let early = Array(bytes[..<length])
            guard let seen = try? ProxyHeader.parse(early.span) else { continue }
            preconditionFailure("complete after \(seen.length) of \(header.length) bytes")
        }
        let alone = Array(bytes[..<header.length])
        precondition((try? ProxyHeader.parse(alone.span)) == header)
    }

    static func response(_ bytes: [UInt8]) {
        var parser = HTTPResponseParser(answering: .get)
        guard let head = try? parser.parse(bytes.span) else { return }
        var decoder = HTTPBodyDecoder(head.framing)
        _ = try? decoder.decode(bytes.span.extracting(parser.consumed..<bytes.count))
    }

    /// Each request's line, each piece of content as one run, and where the stream was refused.
    private static func transcript(_ parts: [[UInt8]]) -> [String] {
        var lines: [String] = []
        var pending: [UInt8] = []
        var parser = HTTPRequestParser()
        var decoder = HTTPBodyDecoder(.none)
        var content = 0
        do throws(HTTPRefusal) {
            for part in parts {
                pending += part
                while true {
                    while !decoder.isComplete && !pending.isEmpty {
                        let step = try decoder.decode(pending.span)
                        content += step.content.count
                        pending.removeFirst(step.consumed)
                    }
                    guard decoder.isComplete, let head = try parser.parse(pending.span) else { break }
                    lines.append("\(content) \(head.method) \(head.target) \(head.framing)")
                    pending.removeFirst(parser.consumed)
                    parser = HTTPRequestParser()
                    decoder = HTTPBodyDecoder(head.framing)
                    content = 0
                }
            }
        } catch {
            return lines + ["\(content) \(error)"]
        }
        return lines + ["\(content)"]
    }
}
