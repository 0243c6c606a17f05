/// What libpq says about a connection that failed, taken apart: only a text exists, no result to ask.
///
/// With verbose errors the server's part reads `FATAL:  28P01: password authentication failed for user "x"`. The
/// SQLSTATE is found by its place between two colons, since the words around it depend on the server's language.
struct ServerMessage: Equatable {
    let sqlState: String?
    let text: String

    private static let maximumLength = 300

    init(_ message: String) {
        let lines = message.split(whereSeparator: \.isNewline)
        let told = lines.first { Self.sqlStateRange(in: $0) != nil } ?? lines.first ?? "no reason given"
        let range = Self.sqlStateRange(in: told)
        sqlState = range.map { String(told[$0]) }
        let rest = range.map { told[$0.upperBound...].dropFirst(2) } ?? told
        text = String(rest.prefix(Self.maximumLength).drop { $0 == " " })
    }

    private static func sqlStateRange(in line: Substring) -> Range<Substring.Index>? {
        var start = line.startIndex
        while let colon = line[start...].firstIndex(of: ":") {
            start = line.index(after: colon)
            let candidate = line[start...].drop { $0 == " " }
            let code = candidate.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber) }
            if code.utf8.count == 5, candidate.dropFirst(5).first == ":", code.contains(where: \.isNumber) {
                return code.startIndex..<code.endIndex
            }
        }
        return nil
    }

    /// Why a connection could not be made: refused for good, or worth trying again. What libpq itself says about TLS
    /// it says without a code, and in English, since nobody here sets a locale.
    var connectFailure: DatabaseFailure {
        guard let sqlState else {
            return text.contains("SSL") || text.contains("certificate") ? .insecure(text) : .unreachable(text)
        }
        // 57P0x: starting up, shutting down, recovering. 53300: too many connections at this moment.
        let isPassing = sqlState.hasPrefix("57P") || sqlState.hasPrefix("53") || sqlState.hasPrefix("08")
        return isPassing ? .unreachable(text) : .refused(sqlState: sqlState, message: text)
    }
}
