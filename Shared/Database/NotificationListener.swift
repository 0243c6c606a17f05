internal import Core
internal import Reactor

/// Hears `NOTIFY` on one channel, over a connection of its own that is made again when it breaks.
///
/// A notification is a hint to look, never the news itself: none arrives while the connection is away. So `onWake` is
/// also called after each (re)connection, and whoever listens polls besides.
package struct NotificationListener: Sendable {
    private let task: TaskHandle

    private static let longestPause: Duration = .seconds(2)

    package init(_ database: Database, channel: String, onWake: @escaping @Sendable () -> Void) {
        let reactor = database.group.next()
        task = reactor.run {
            var pause: Duration = .milliseconds(50)
            while !Task.isCancelled {
                let wasConnected = await Self.listen(database, channel, on: reactor, onWake)
                pause = wasConnected ? .milliseconds(50) : min(pause * 2, Self.longestPause)
                do { try await Reactor.sleep(for: pause) } catch { return }
            }
        }
    }

    package func stop() async {
        task.cancel()
        await task.value()
    }

    /// Until the connection breaks; whether there was one.
    private static func listen(
        _ database: Database, _ channel: String, on reactor: Reactor, _ onWake: @Sendable () -> Void
    ) async -> Bool {
        var wasConnected = false
        do throws(DatabaseFailure) {
            let connection = try await database.pool.connect(on: reactor)
            connection.attach(to: reactor)
            defer { connection.detach() }
            let listen = Statement(SQL(trusted: "LISTEN \(SQL.identifier(channel))"))
            _ = try await connection.query(listen, deadline: .after(.seconds(5)))
            wasConnected = true
            while true {
                onWake()
                _ = try await connection.notifications(deadline: .never)
            }
        } catch {
            return wasConnected
        }
    }
}
