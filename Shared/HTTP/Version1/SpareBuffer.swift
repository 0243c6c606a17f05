/// A buffer for what is sent next, used again as long as the socket takes all of it at once: heads are larger than what
/// the allocator keeps at hand.
struct SpareBuffer {
    private static let usual = 4 << 10
    private static let most = 64 << 10
    private var buffer: [UInt8] = []

    /// Empty, with room: whoever takes it gives it back when the kernel has the bytes.
    mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &buffer)
        if taken.capacity == 0 { taken.reserveCapacity(Self.usual) }
        return taken
    }

    /// In place, because a buffer with a second owner would be emptied by allocating another.
    mutating func giveBack(_ used: inout [UInt8]) {
        guard buffer.capacity == 0, used.capacity <= Self.most else { return }
        used.removeAll(keepingCapacity: true)
        swap(&used, &buffer)
    }
}
