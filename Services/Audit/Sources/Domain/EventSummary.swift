internal import Core

/// One line for people, made of what a stranger may have written: bounded, printable, without line breaks.
struct EventSummary: Sendable, Equatable {
    static let maximumLength = 300

    let text: String

    init(_ parts: [String]) {
        let joined = parts.filter { !$0.isEmpty }.joined(separator: " ")
        text = String(
            joined.unicodeScalars.lazy.map(Self.harmless).prefix(Self.maximumLength).reduce(into: "") { text, scalar in
                text.unicodeScalars.append(scalar)
            })
    }

    /// Control characters, and those that change the direction or the look of what stands around them, become `�`.
    private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: "\u{fffd}"
        default: scalar
        }
    }
}
