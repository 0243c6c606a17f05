/// How protobuf's names become Swift's.
enum SwiftNames {
    private static let acronyms: [String: String] = [
        "api": "API", "cpu": "CPU", "http": "HTTP", "id": "ID", "ip": "IP", "json": "JSON", "rpc": "RPC", "tls": "TLS",
        "uri": "URI", "url": "URL",
    ]
    private static let keywords: Set<String> = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension",
        "fallthrough", "false", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let",
        "nil", "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct",
        "subscript", "super", "switch", "throw", "throws", "true", "try", "var", "where", "while",
    ]

    /// "request_id" becomes `requestID`.
    static func property(_ protoName: String) -> String { escaped(lowerCamel(protoName.split(separator: "_"))) }

    /// "SEVERITY_HIGH" of `Severity` becomes `high`.
    static func enumerationCase(_ value: String, of enumeration: String) -> String {
        escaped(lowerCamel(jsonName(of: value, in: enumeration).split(separator: "_")))
    }

    /// "SEVERITY_HIGH" of `Severity` becomes "high": what JSON shows.
    static func jsonName(of value: String, in enumeration: String) -> String {
        String(value.dropFirst(prefix(of: enumeration).count)).lowercased()
    }

    /// `KillChainStage` becomes "KILL_CHAIN_STAGE_".
    static func prefix(of enumeration: String) -> String {
        words(inType: enumeration).map { $0.uppercased() + "_" }.joined()
    }

    /// "infinite.auth.v1.JsonWebKey" becomes `JSONWebKey`.
    static func type(_ protoName: String) -> String {
        let simple = protoName.split(separator: ".").last.map(String.init) ?? protoName
        return words(inType: simple).map { acronyms[$0.lowercased()] ?? $0 }.joined()
    }

    /// `IssueToken` becomes `issueToken`.
    static func method(_ protoName: String) -> String {
        escaped(lowerCamel(words(inType: protoName).map { Substring($0.lowercased()) }))
    }

    private static func lowerCamel(_ words: [Substring]) -> String {
        let rest = words.dropFirst().map { word in
            let word = word.lowercased()
            return acronyms[word] ?? word.prefix(1).uppercased() + word.dropFirst()
        }
        return (words.first?.lowercased() ?? "") + rest.joined()
    }

    private static func words(inType name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty {
                words.append(String(character))
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }

    private static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }
}
