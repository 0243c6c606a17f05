internal import Glibc

/// The kernel's random numbers, fetched some at a time: where every request needs several, one system call for each would
/// cost more than their use.
///
/// For one owner, such as a reactor. What was given out is erased here.
package struct RandomReserve: RandomNumberGenerator, Sendable {
    /// As much as the kernel promises to give at once.
    private static let capacity = 32
    private var words = [UInt64](repeating: 0, count: capacity)
    private var left = 0

    package init() {}

    package mutating func next() -> UInt64 {
        if left == 0 { refill() }
        left -= 1
        defer { words[left] = 0 }
        return words[left]
    }

    private mutating func refill() {
        let error = unsafe words.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
        precondition(error == 0, "the kernel has no random numbers: \(errno)")
        left = Self.capacity
    }
}
