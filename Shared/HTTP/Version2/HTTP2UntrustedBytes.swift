/// What a server makes of a client's bytes, without a connection: for fuzzing the glue between nghttp2 and us.
package enum HTTP2UntrustedBytes {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

    /// The frames after the preface, in two parts; every request's line, or why it was refused.
    package static func read(_ first: [UInt8], _ second: [UInt8]) -> [String] {
        let probe = Probe()
        let announcement = HTTP2Announcement(
            isServer: true, maximumConcurrentStreams: 100, streamWindow: 65_535, connectionWindow: 65_535,
            maximumHeaderListBytes: 32 << 10, allowsExtendedConnect: true)
        guard let session = try? HTTP2Session(announcement) else { return [] }
        for part in [preface, first, second] {
            let taken = unsafe part.span.bytes.withUnsafeBytes { unsafe session.receive($0, for: probe) }
            guard taken == part.count, session.produce(upTo: 1 << 20, for: probe) else { break }
            _ = session.takeOutput()
        }
        return probe.heard
    }

    private final class Probe: HTTP2SessionListener {
        private(set) var heard: [String] = []
        private var section: HTTP2FieldSection?
        private var known: Set<Int32> = []

        override func fieldsBegan(on stream: Int32) {
            section = HTTP2FieldSection(known.contains(stream) ? .trailers : .request, limits: HTTPLimits())
        }

        override func field(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
            section?.add(name, value)
            return section?.isBearable ?? true
        }

        override func fieldsEnded(on stream: Int32, endsStream: Bool) {
            var taken: HTTP2FieldSection?
            swap(&taken, &section)
            guard let section = taken else { return }
            do throws(HTTPRefusal) {
                guard known.insert(stream).inserted else { return try section.finishTrailers() }
                let head = try section.finishRequest(endsStream: endsStream, allowsExtendedConnect: true)
                let fields = (0..<head.headers.count).map {
                    "\(head.headers.name(at: $0)): \(head.headers.value(at: $0))"
                }
                heard.append("\(head.method) \(head.target) \(head.host ?? "") \(fields)")
            } catch {
                heard.append(error.rawValue)
            }
        }

        override func received(_ content: UnsafeRawBufferPointer, on stream: Int32) {
            heard.append("\(stream) \(content.count)")
        }
        override func contentEnded(on stream: Int32) { heard.append("\(stream) end") }
        override func closed(_ stream: Int32, code: UInt32) { known.remove(stream) }
    }
}
