internal import CPCRE2

/// A regular expression (PCRE2, bytes, not UTF), compiled to machine code where the processor allows it.
///
/// `@unchecked Sendable` is safe because compiled code is never changed after `init`; all that a match writes is in
/// the caller's `MatchScratch`.
@safe package final class Pattern: @unchecked Sendable {
    package struct Options: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let caseInsensitive = Options(rawValue: 1)
        package static let dotMatchesNewlines = Options(rawValue: 2)
        package static let anchorsMatchLines = Options(rawValue: 4)
    }

    package enum Outcome: Equatable, Sendable {
        case noMatch
        case match(Range<Int>)
        /// The search was given up. What could not be cleared is for the caller to judge.
        case limitReached
    }

    package let text: String
    private let code: OpaquePointer
    /// Whether there is machine code: it is called without the checks that were made when it was compiled.
    private let isMachineCode: Bool

    package convenience init(_ text: String, _ options: Options = []) throws(PatternFailure) {
        try self.init(Array(text.utf8), options)
    }

    /// The pattern as bytes: it need not be UTF-8.
    package init(_ bytes: [UInt8], _ options: Options = []) throws(PatternFailure) {
        text = String(decoding: bytes, as: UTF8.self)
        var flags = UInt32(PCRE2_NEVER_UTF) | UInt32(PCRE2_DOLLAR_ENDONLY)
        if options.contains(.caseInsensitive) { flags |= UInt32(PCRE2_CASELESS) }
        if options.contains(.dotMatchesNewlines) { flags |= UInt32(PCRE2_DOTALL) }
        if options.contains(.anchorsMatchLines) { flags |= UInt32(PCRE2_MULTILINE) }
        var error: Int32 = 0
        var offset = 0
        guard let made = unsafe pcre2_compile_8(bytes, bytes.count, flags, &error, &offset, nil) else {
            throw .malformed(pattern: text, offset: offset, reason: Self.explain(error))
        }
        unsafe code = made
        // Without a JIT (a hardened kernel may forbid writable code) the interpreter does the same, slower.
        isMachineCode = unsafe pcre2_jit_compile_8(made, UInt32(PCRE2_JIT_COMPLETE)) == 0
    }

    deinit { unsafe pcre2_code_free_8(code) }

    /// The leftmost match that starts at or after `start`.
    package func firstMatch(in bytes: Span<UInt8>, from start: Int = 0, _ scratch: borrowing MatchScratch) -> Outcome {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                return unsafe withUnsafePointer(to: 0) { unsafe match($0, 0, 0, scratch) }
            }
            return unsafe match(base, buffer.count, start, scratch)
        }
    }

    /// The same, with what the groups matched: `captures[0]` is the whole match, a group that took no part is empty.
    package func firstMatch(
        in bytes: Span<UInt8>, _ scratch: borrowing MatchScratch, captures: inout [Range<Int>]
    ) -> Outcome {
        captures.removeAll(keepingCapacity: true)
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                return unsafe withUnsafePointer(to: 0) { unsafe match($0, 0, 0, scratch, &captures) }
            }
            return unsafe match(base, buffer.count, 0, scratch, &captures)
        }
    }

    private func match(
        _ subject: UnsafePointer<UInt8>, _ length: Int, _ start: Int, _ scratch: borrowing MatchScratch,
        _ captures: inout [Range<Int>]
    ) -> Outcome {
        let result = unsafe run(subject, length, start, scratch)
        guard result >= 0 else { return result == PCRE2_ERROR_NOMATCH ? .noMatch : .limitReached }
        guard let bounds = unsafe pcre2_get_ovector_pointer_8(scratch.data) else { return .noMatch }
        // Zero says that there are more groups than room: all the room is filled then.
        let groups = result == 0 ? unsafe pcre2_get_ovector_count_8(scratch.data) : UInt32(result)
        for group in 0..<Int(groups) {
            let (lower, upper) = unsafe (bounds[2 * group], bounds[2 * group + 1])
            captures.append(lower <= upper && upper <= length ? lower..<upper : 0..<0)
        }
        return .match(captures[0])
    }

    private func match(
        _ subject: UnsafePointer<UInt8>, _ length: Int, _ start: Int, _ scratch: borrowing MatchScratch
    ) -> Outcome {
        let result = unsafe run(subject, length, start, scratch)
        guard result < 0 else {
            let bounds = unsafe pcre2_get_ovector_pointer_8(scratch.data)
            return unsafe bounds.map { unsafe .match($0[0]..<max($0[0], $0[1])) } ?? .noMatch
        }
        return result == PCRE2_ERROR_NOMATCH ? .noMatch : .limitReached
    }

    @inline(__always) private func run(
        _ subject: UnsafePointer<UInt8>, _ length: Int, _ start: Int, _ scratch: borrowing MatchScratch
    ) -> Int32 {
        isMachineCode
            ? unsafe pcre2_jit_match_8(code, subject, length, start, 0, scratch.data, scratch.context)
            : unsafe pcre2_match_8(code, subject, length, start, 0, scratch.data, scratch.context)
    }

    private static func explain(_ error: Int32) -> String {
        var message = [UInt8](repeating: 0, count: 256)
        let length = unsafe pcre2_get_error_message_8(error, &message, message.count)
        return String(decoding: message.prefix(Int(max(0, length))), as: UTF8.self)
    }
}

/// What one match writes while it runs: one per thread, reused for every pattern.
@safe package struct MatchScratch: ~Copyable {
    fileprivate let data: OpaquePointer
    fileprivate let context: OpaquePointer
    private let stack: OpaquePointer

    /// - Parameter limit: how many backtracking steps a search may take from one starting point. It is what keeps a
    ///   hostile value from making an innocent pattern slow.
    package init(limit: UInt32 = 5_000) throws(PatternFailure) {
        guard let data = unsafe pcre2_match_data_create_8(10, nil) else { throw .outOfMemory }
        guard let context = unsafe pcre2_match_context_create_8(nil) else {
            unsafe pcre2_match_data_free_8(data)
            throw .outOfMemory
        }
        guard let stack = unsafe pcre2_jit_stack_create_8(32 << 10, 256 << 10, nil) else {
            unsafe pcre2_match_context_free_8(context)
            unsafe pcre2_match_data_free_8(data)
            throw .outOfMemory
        }
        unsafe pcre2_set_match_limit_8(context, limit)
        unsafe pcre2_set_depth_limit_8(context, limit)
        unsafe pcre2_set_heap_limit_8(context, 4 << 10)
        unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
        unsafe self.data = data
        unsafe self.context = context
        unsafe self.stack = stack
    }

    deinit {
        unsafe pcre2_jit_stack_free_8(stack)
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(data)
    }
}
