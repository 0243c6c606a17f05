import Compression
import HTTP
import Telemetry

/// What becomes of an answer's content: a link at the end of a page, then compression.
struct AnswerContent {
    private let links: [UInt8]
    private let encoder: (any ContentEncoder)?
    private let share: CompressionMemory.Share?

    /// Decides, and says so in `headers`.
    init(
        _ route: Route, _ facts: AnswerCompression.Facts, beginning: [UInt8]?, _ exchange: Exchange,
        _ memory: CompressionMemory, _ metrics: GatewayMetrics, _ headers: inout HTTPHeaders
    ) throws(CompressionFailure) {
        if let links = route.hiddenLinks, let beginning, HiddenLinks.isDocument(beginning) {
            self.links = links.markup(leaf: String(exchange.idText.suffix(12)))
            headers.noteChange()
        } else {
            links = []
        }
        let decision = route.compression.map { AnswerCompression($0, facts) } ?? .no
        if decision != .no { headers.addVary("Accept-Encoding") }
        guard case .with(let coding) = decision, let policy = route.compression, let share = memory.take(for: coding)
        else {
            if case .with = decision { metrics.compressed["none_free"].increment() }
            (encoder, share) = (nil, nil)
            return
        }
        encoder =
            switch coding {
            case .gzip: GzipEncoder(level: policy.gzipLevel)
            case .brotli: try BrotliEncoder(level: policy.brotliLevel)
            }
        self.share = share
        metrics.compressed[coding.rawValue].increment()
        headers.set("Content-Encoding", coding.rawValue)
        headers.noteChange()
    }

    /// Whether an answer may turn out to be a page.
    static func mayHoldLinks(_ facts: AnswerCompression.Facts) -> Bool {
        facts.status == 200 && !facts.isHead && !facts.isUntouchable
            && (facts.contentType?.lowercased().hasPrefix("text/html") ?? false)
    }

    func length(of received: Int?) -> Int? { encoder == nil ? received.map { $0 + links.count } : nil }

    func change(_ piece: [UInt8], flush: Bool) throws(CompressionFailure) -> [UInt8] {
        guard let encoder else { return piece }
        return try encoder.encode(piece, flush: flush)
    }

    func end() throws(CompressionFailure) -> [UInt8] {
        guard let encoder else { return links }
        var rest = try encoder.encode(links, flush: false)
        rest += try encoder.finish()
        return rest
    }
}

extension HTTPHeaders {
    /// The bytes are others than the upstream's: its length, digests and ranges are no longer true, and its tag only
    /// says that the meaning is the same (RFC 9110 §8.8.3).
    fileprivate mutating func noteChange() {
        for name in ["content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest"] {
            remove(name)
        }
        if let tag = self["etag"], !tag.hasPrefix("W/") { set("ETag", "W/\(tag)") }
    }

    fileprivate mutating func addVary(_ name: String) {
        guard !hasToken(name, in: "vary"), !hasToken("*", in: "vary") else { return }
        let known = values(of: "vary").joined(separator: ", ")
        set("Vary", known.isEmpty ? name : "\(known), \(name)")
    }
}
