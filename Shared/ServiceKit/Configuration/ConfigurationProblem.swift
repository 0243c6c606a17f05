/// One thing wrong with a configuration: where it came from, the key, the value, the bound and the fix, in a sentence.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let place: String
    package let reason: String

    package var description: String { "\(place): \(reason)" }
}

/// Everything wrong with a configuration, at once.
package struct ConfigurationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package var description: String {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return "the configuration has \(count):\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
