internal import Core

/// RFC 7468 text: `-----BEGIN label-----`, base64 in lines of 64, `-----END label-----`.
///
/// Only the first block with one of the labels asked for is read; encrypted keys are refused, because a service has
/// nobody to ask for the passphrase.
enum PEM {
    private static let maximumLength = 64 << 10

    static func encode(_ bytes: [UInt8], label: String) -> String {
        var lines = ["-----BEGIN \(label)-----"]
        var rest = Base64.encode(bytes)[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        lines.append("-----END \(label)-----")
        return lines.joined(separator: "\n") + "\n"
    }

    static func decode(_ text: String, labels: [String]) throws(CryptographyFailure) -> [UInt8] {
        guard text.utf8.count <= maximumLength else { throw .malformedKey("more than \(maximumLength) bytes of text") }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace || $0 == " " } }
        for label in labels {
            guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----") else { continue }
            guard let end = lines[begin...].firstIndex(of: "-----END \(label)-----") else {
                throw .malformedKey("the END line of \(label) is missing")
            }
            let body = lines[(begin + 1)..<end].joined().filter { $0 != " " }
            guard let bytes = Base64.decode(body) else { throw .malformedKey("the text is not base64") }
            return bytes
        }
        throw .malformedKey("no BEGIN line of \(labels.joined(separator: " or ")); encrypted keys are not read")
    }
}
