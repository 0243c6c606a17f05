internal import CLinux
internal import Core
internal import Glibc
internal import Synchronization

/// The reactors of a process, one thread each.
package final class ReactorGroup: Sendable {
    package let reactors: [Reactor]
    private let cursor = Atomic<Int>(0)

    /// Starts `count` reactors, one per usable core when not told otherwise.
    package init(count: Int? = nil) throws(ReactorFailure) {
        var started: [Reactor] = []
        for index in 0..<max(1, count ?? Self.usableCores) {
            let reactor = try Reactor(index: index)
            try startThread(of: reactor, named: "reactor-\(index)")
            started.append(reactor)
        }
        reactors = started
    }

    /// A loop holds itself while it runs, so a group that goes has to end its loops.
    deinit { shutdown() }

    /// In turn, so that work spreads evenly.
    package func next() -> Reactor {
        let turn = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        return reactors[Int(UInt(bitPattern: turn) % UInt(reactors.count))]
    }

    /// Ends the loops: what they watch is closed, so tasks that still wait there fail with `closed` and unwind.
    package func shutdown() {
        for reactor in reactors { reactor.stop() }
    }

    package static var usableCores: Int { Int(infinite_usable_cores()) }
}

/// The thread owns its reactor until the loop ends.
func startThread(of reactor: Reactor, named name: String) throws(ReactorFailure) {
    let error = DetachedThread.start {
        unsafe infinite_name_thread(pthread_self(), name)
        reactor.runLoop()
    }
    guard error == 0 else { throw .system(errno: error, operation: "pthread_create") }
}
