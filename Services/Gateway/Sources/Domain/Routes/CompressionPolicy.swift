package import Core

package enum ContentCoding: String, Sendable, CaseIterable {
    /// Where a client likes several equally, the first.
    case brotli = "br"
    case gzip
}

/// Which answers of a route are compressed, and how hard.
package struct CompressionPolicy: Sendable, Equatable {
    package var codings: [ContentCoding] = ContentCoding.allCases
    /// Below it the saving is less than a packet.
    package var minimum = ByteCount(1_024)
    package var gzipLevel = 5
    package var brotliLevel = 4
    /// `text/*` takes a whole family, `+json` every type of that syntax.
    package var types = Self.standardTypes

    package static let standardTypes = [
        "text/*", "+json", "+xml", "application/json", "application/javascript", "application/xml",
        "application/manifest+json", "application/wasm", "application/vnd.ms-fontobject", "font/ttf", "font/otf",
        "image/svg+xml", "image/bmp", "image/x-icon",
    ]
    /// Never by default: its events must not wait for each other.
    package static let eventStream = "text/event-stream"

    package init() {}

    package func takes(contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
        guard !type.isEmpty else { return false }
        if type == Self.eventStream { return types.contains(type) }
        return types.contains { pattern in
            if pattern.hasSuffix("/*") { return type.hasPrefix(pattern.dropLast()) }
            return pattern.hasPrefix("+") ? type.hasSuffix(pattern) : type == pattern
        }
    }
}

/// `Accept-Encoding` (RFC 9110 §12.5.3).
package enum AcceptedCodings {
    private static let mostRead = 32

    /// The one of `offered` that the client likes best, nil when it would rather have the content as it is.
    package static func choose(_ field: String, among offered: [ContentCoding]) -> ContentCoding? {
        var weights: [String: Int] = [:]
        for item in field.split(separator: ",").prefix(mostRead) {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let name = parts.first else { continue }
            weights[name == "x-gzip" ? "gzip" : name] = weight(parts.dropFirst())
        }
        func liking(_ name: String) -> Int { weights[name] ?? weights["*"] ?? 0 }
        let best = offered.map { (coding: $0, weight: liking($0.rawValue)) }
            .reduce(into: (coding: ContentCoding?.none, weight: 0)) { best, next in
                if next.weight > best.weight { best = (next.coding, next.weight) }
            }
        // Not naming identity leaves it acceptable, but not preferred.
        return best.weight >= (weights["identity"] ?? 0) ? best.coding : nil
    }

    /// In thousandths; what cannot be read is 0, which is the answer that never surprises.
    private static func weight(_ parameters: some Sequence<String>) -> Int {
        guard let text = parameters.first(where: { $0.hasPrefix("q=") })?.dropFirst(2) else { return 1_000 }
        guard let value = Double(text), (0...1).contains(value) else { return 0 }
        return Int(value * 1_000)
    }
}
