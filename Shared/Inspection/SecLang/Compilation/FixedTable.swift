internal import Glibc

/// A table of plain values that never grows. Its indices come from the program itself and from numbers that the table was
/// made for, so an entry costs one load: release builds check nothing, the tests' builds check every index.
@safe struct FixedTable<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        unsafe base = .allocate(capacity: max(1, count))
        for (index, element) in elements.enumerated() { unsafe (base + index).initialize(to: element) }
    }

    init(repeating element: Element, count: Int) {
        self.count = count
        unsafe base = .allocate(capacity: max(1, count))
        unsafe base.initialize(repeating: element, count: count)
    }

    deinit { unsafe base.deallocate() }

    subscript(_ index: Int) -> Element {
        @inline(__always) get {
            assert(index >= 0 && index < count)
            return unsafe base[index]
        }
        @inline(__always) set {
            assert(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }
}

extension FixedTable<UInt8> {
    /// Copies bytes to `start`. There has to be room.
    @inline(__always) mutating func store(_ bytes: Span<UInt8>, at start: Int) {
        precondition(start >= 0 && start + bytes.count <= count)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let first = bytes.baseAddress else { return }
            unsafe (base + start).update(from: first, count: bytes.count)
        }
    }

    @inline(__always) func holds(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        precondition(start >= 0 && start + bytes.count <= count)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let first = bytes.baseAddress else { return true }
            return unsafe memcmp(base + start, first, bytes.count) == 0
        }
    }
}

/// Safe because the table has one owner, and who shares it (a program) never writes it.
extension FixedTable: @unchecked Sendable where Element: Sendable {}
