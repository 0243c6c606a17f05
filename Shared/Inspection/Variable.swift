/// Where in a request a value stood. Rules name the places they look at; a finding names the one it was found in.
package enum Variable: UInt8, Sendable, CaseIterable {
    case method
    /// The target as sent.
    case target
    /// The path, decoded once.
    case path
    case argument
    case argumentName
    case cookie
    case userAgent
    case referer
    /// Any other header's value.
    case header
    case jsonValue
    case jsonName
    case xmlText
    case xmlMarkup
    /// A multipart part's declared file name, and the first bytes of what it holds.
    case fileName
    case fileContent
    /// A body of a kind that is not parsed.
    case body

    package var name: String {
        switch self {
        case .method: "method"
        case .target: "target"
        case .path: "path"
        case .argument: "argument"
        case .argumentName: "argument-name"
        case .cookie: "cookie"
        case .userAgent: "user-agent"
        case .referer: "referer"
        case .header: "header"
        case .jsonValue: "json"
        case .jsonName: "json-name"
        case .xmlText: "xml-text"
        case .xmlMarkup: "xml"
        case .fileName: "file-name"
        case .fileContent: "file"
        case .body: "body"
        }
    }
}

package struct VariableSet: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ variables: Variable...) { rawValue = variables.reduce(0) { $0 | 1 << UInt32($1.rawValue) } }

    package func contains(_ variable: Variable) -> Bool { rawValue & (1 << UInt32(variable.rawValue)) != 0 }

    /// What a client fills in freely and an application passes on.
    package static let inputs = VariableSet(
        .argument, .argumentName, .cookie, .jsonValue, .jsonName, .xmlText, .fileName, .body)
    /// Headers that end up in logs, statistics pages and databases.
    package static let headers = VariableSet(.userAgent, .referer, .header)
    package static let paths = VariableSet(.path)
    package static let everywhere: VariableSet = inputs.union(headers).union(paths)
}
