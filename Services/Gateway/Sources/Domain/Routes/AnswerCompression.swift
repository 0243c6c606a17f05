import Core

/// Whether and how an upstream's answer is compressed (RFC 9110 §8.4, §12.5.3).
package enum AnswerCompression: Sendable, Equatable {
    /// It stays as it is whatever the client accepts.
    case no
    /// Another client might get it compressed: caches have to know.
    case varies
    case with(ContentCoding)

    /// What is known of the answer before its first byte is sent.
    package struct Facts: Sendable {
        package var status: Int
        package var isHead: Bool
        package var length: Int?
        package var contentType: String?
        package var contentEncoding: String?
        package var cacheControl: String?
        package var hasRange: Bool
        package var accepted: String?

        package init(
            status: Int = 200, isHead: Bool = false, length: Int? = nil, contentType: String? = "text/html",
            contentEncoding: String? = nil, cacheControl: String? = nil, hasRange: Bool = false,
            accepted: String? = "gzip"
        ) {
            self.status = status
            self.isHead = isHead
            self.length = length
            self.contentType = contentType
            self.contentEncoding = contentEncoding
            self.cacheControl = cacheControl
            self.hasRange = hasRange
            self.accepted = accepted
        }

        /// Somebody on the way asked for the content to stay what it is (RFC 9111 §5.2.2.6), or it is part of something.
        package var isUntouchable: Bool {
            let encoding = contentEncoding?.lowercased() ?? "identity"
            return encoding != "identity" || status == 206 || hasRange
                || (cacheControl?.lowercased().contains("no-transform") ?? false)
        }
    }

    package init(_ policy: CompressionPolicy, _ facts: Facts) {
        let hasContent = facts.status >= 200 && facts.status != 204 && facts.status != 304
        guard hasContent, !facts.isUntouchable, policy.takes(contentType: facts.contentType ?? ""),
            facts.length ?? .max >= policy.minimum.bytes
        else {
            self = .no
            return
        }
        guard !facts.isHead, let accepted = facts.accepted,
            let coding = AcceptedCodings.choose(accepted, among: policy.codings)
        else {
            self = .varies
            return
        }
        self = .with(coding)
    }
}
