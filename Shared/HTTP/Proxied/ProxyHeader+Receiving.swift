internal import Core
internal import Reactor

extension ProxyHeader {
    /// From a connection that has to begin with one. Only the header is taken: what follows it (a handshake, a request) is
    /// still in the socket.
    static func receive(
        on socket: StreamSocket, deadline: Deadline
    ) async throws(ProxyHeaderRefusal) -> ProxyHeader {
        var known = 0
        while true {
            let (header, seen) = try look(at: socket)
            if let header {
                try take(header.length, from: socket)
                return header
            }
            // Nothing new since the last look, and nothing will come.
            guard !socket.hasPeerEnded || seen > known else { throw .incomplete }
            known = seen
            try await waitForMore(on: socket, deadline: deadline)
        }
    }

    private static func look(at socket: StreamSocket) throws(ProxyHeaderRefusal) -> (ProxyHeader?, Int) {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: socket.reactor.scratch.prefix(longest))
        let count: Int
        do throws(StreamFailure) {
            guard let seen = unsafe try socket.tryPeek(into: room) else { return (nil, 0) }
            count = seen
        } catch {
            throw .incomplete
        }
        guard count > 0 else { throw .incomplete }
        let bytes = unsafe Array(room.prefix(count))
        return (try parse(bytes.span), count)
    }

    private static func take(_ length: Int, from socket: StreamSocket) throws(ProxyHeaderRefusal) {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: socket.reactor.scratch.prefix(length))
        do throws(StreamFailure) {
            guard unsafe try socket.tryRead(into: room) == length else { throw StreamFailure.reset }
        } catch {
            throw .incomplete
        }
    }

    private static func waitForMore(on socket: StreamSocket, deadline: Deadline) async throws(ProxyHeaderRefusal) {
        socket.awaitMore()
        do throws(StreamFailure) {
            try await socket.waitReadable(deadline: deadline)
        } catch {
            throw error == .deadlineExceeded ? .late : .incomplete
        }
    }
}
