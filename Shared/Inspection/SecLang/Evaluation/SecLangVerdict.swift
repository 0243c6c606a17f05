/// One rule that matched and has something to say.
package struct SecLangMatch: Sendable {
    package var ruleID: Int
    package var phase: Int
    package var message: String
    package var logData: String
    package var tags: [String]
    /// 0 (emergency) to 7 (debug), as syslog has it.
    package var severity: Int?
    /// Where the last value that matched stood, `ARGS:q` for example.
    package var variable: String
    /// What matched, after the rule's transformations, and where in the transformed value it begins.
    package var matched: [UInt8]
    package var offset: Int
    package var file: String
    package var line: Int
}

/// What a rule set says of one request and its response.
package struct SecLangVerdict: Sendable {
    package enum Action: Sendable, Equatable {
        case allow
        case deny(status: Int)
        case drop
        case redirect(status: Int, location: String)
    }

    package struct Interruption: Sendable {
        package var action: Action
        package var ruleID: Int
        package var phase: Int
    }

    package var matches: [SecLangMatch] = []
    /// What the rules demand; under `DetectionOnly` it is said and not meant.
    package var interruption: Interruption?
    package var isEnforced = true
    package var inboundScore = 0
    package var outboundScore = 0
    /// False if a limit kept something from being looked at.
    package var isComplete = true

    package static let clean = SecLangVerdict()

    package var ruleIDs: [Int] { matches.map(\.ruleID) }

    /// One line for each match, as an audit log has it.
    package var auditText: String {
        matches.map { match in
            let tags = match.tags.map { " [tag \"\($0)\"]" }.joined()
            let severity = match.severity.map { " [severity \"\($0)\"]" } ?? ""
            let data = match.logData.isEmpty ? "" : " [data \"\(Self.printable(match.logData))\"]"
            return "[id \"\(match.ruleID)\"] [file \"\(match.file)\"] [line \"\(match.line)\"]"
                + " [msg \"\(Self.printable(match.message))\"]\(data)\(severity)\(tags)"
                + " [var \"\(Self.printable(match.variable))\"] [offset \"\(match.offset)\"]\n"
        }.joined()
    }

    /// Nobody writes a line or a quote into a log from outside.
    private static func printable(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                "\\x" + String(scalar.value + 0x100, radix: 16).dropFirst()
            default: String(scalar)
            }
        }.joined()
    }
}
