/// Why a JSON document is not the message it should be: every problem at once, each with the path of its field.
package struct JSONMismatch: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Problem: Sendable, Equatable {
        /// "subject.value", "roles[2]"; empty for the document itself.
        package let path: String
        /// Continues the path to a sentence: "must have at most 256 bytes".
        package let message: String
    }

    package private(set) var problems: [Problem] = []

    /// Enough to fix a request by; a hostile one must not make a long answer.
    static let mostProblems = 20

    mutating func add(_ path: String, _ message: String) {
        guard problems.count < Self.mostProblems else { return }
        problems.append(Problem(path: path, message: message))
    }

    package var description: String {
        problems.map { $0.path.isEmpty ? "the document \($0.message)" : "\($0.path) \($0.message)" }
            .joined(separator: "; ")
    }
}
