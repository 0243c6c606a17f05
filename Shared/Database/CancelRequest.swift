internal import CPostgreSQL
internal import Core
internal import Reactor

/// Asks the server to stop the statement a connection is busy with.
///
/// The protocol wants a second connection for this, and libpq 15 can only make it with blocking calls, so requests run
/// on threads of their own, never on a reactor. When too many wait the connection is simply closed, and
/// `client_connection_check_interval` makes the server notice within a second.
///
/// `@unchecked Sendable` is sound: libpq documents `PQcancel` as safe from any thread, and only `send` calls it.
@safe final class CancelRequest: @unchecked Sendable {
    private static let threads = BlockingThreads(maximum: 4, queueLimit: 64)

    private let raw: OpaquePointer

    init?(for connection: ConnectionHandle) {
        guard let raw = unsafe PQgetCancel(connection.raw) else { return nil }
        unsafe self.raw = raw
    }

    deinit { unsafe PQfreeCancel(raw) }

    /// False when the request could not be handed to the server.
    func send(deadline: Deadline) async -> Bool {
        do throws(ReactorFailure) {
            return try await Self.threads.run(deadline: deadline) {
                var message = [CChar](repeating: 0, count: 256)
                return unsafe PQcancel(self.raw, &message, Int32(message.count)) == 1
            }
        } catch {
            return false
        }
    }
}
