/// Waiting for a condition, never for a clock.
internal import Core

package struct NotInTime: Error, CustomStringConvertible {
    package let description: String
}

/// Polls until `condition` holds; throws an error that names it when it does not within the limit, which is for what never
/// comes: on a busy machine what comes may be late.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), file: String = #fileID, line: Int = #line,
    _ condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit, file: file, line: line) { () async throws -> Void? in
        try await condition() ? () : nil
    }
}

/// Polls until `value` returns something, and returns it.
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), file: String = #fileID, line: Int = #line,
    _ value: () async throws -> Value?
) async throws -> Value {
    let deadline = Deadline.after(limit)
    while true {
        if let value = try await value() { return value }
        guard !deadline.hasPassed else {
            throw NotInTime(description: "not within \(limit): \(what) (\(file):\(line))")
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
