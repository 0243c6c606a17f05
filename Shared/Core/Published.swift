public import Synchronization

/// A value that few write and every reactor reads on its hot path: routes, keys, the enforcement table.
///
/// Writers replace the whole value under a lock. A reader belongs to one reactor, keeps its own copy and looks at one
/// atomic number to see whether that copy is still current: reading takes no lock and shares no reference count.
@usableFromInline package final class Published<Value: Sendable>: Sendable {
    @usableFromInline let version = Atomic<UInt64>(1)
    private let value: Mutex<Value>

    package init(_ initial: Value) { value = Mutex(initial) }

    package func update<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        value.withLock { current in
            defer { version.wrappingAdd(1, ordering: .releasing) }
            return change(&current)
        }
    }

    package var current: Value { value.withLock { $0 } }

    @inlinable package var currentVersion: UInt64 { version.load(ordering: .acquiring) }

    @usableFromInline func snapshot() -> (Value, UInt64) {
        value.withLock { ($0, version.load(ordering: .relaxed)) }
    }
}

/// One reactor's copy of a published value.
@usableFromInline package struct PublishedReader<Value: Sendable> {
    @usableFromInline let source: Published<Value>
    @usableFromInline var copy: Value
    @usableFromInline var version: UInt64

    package init(_ source: Published<Value>) {
        self.source = source
        (copy, version) = source.snapshot()
    }

    @inlinable package mutating func read() -> Value {
        if source.currentVersion != version { (copy, version) = source.snapshot() }
        return copy
    }
}
