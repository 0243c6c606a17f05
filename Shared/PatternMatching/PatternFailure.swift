/// Why a regular expression could not be made ready.
package enum PatternFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(pattern: String, offset: Int, reason: String)
    case outOfMemory

    package var description: String {
        switch self {
        case .malformed(let pattern, let offset, let reason):
            "the pattern \(pattern) is wrong at offset \(offset): \(reason)"
        case .outOfMemory: "there is no memory left to compile a pattern"
        }
    }
}
