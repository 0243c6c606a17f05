package import Core

/// What became of reading files again.
package enum FileOutcome: String, Sendable, CaseIterable {
    case used
    /// They say what is in force already.
    case same
    case refused
}

/// What was wrong with files when they were last read.
package struct FileRefusal: Sendable {
    package let at: Timestamp
    package let problems: [String]

    init(_ error: any Error) {
        at = .now
        problems = (error as? any ListedProblems)?.problems ?? ["\(error)"]
    }
}

/// A failure that is several things wrong at once, each with its fix.
package protocol ListedProblems: Error {
    var problems: [String] { get }
}
