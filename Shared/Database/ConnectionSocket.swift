internal import Core
internal import Reactor

/// Waits for a socket that libpq owns, on its connection's reactor.
struct ConnectionSocket: Sendable {
    private let watch: FileDescriptorWatch

    init(_ descriptor: Int32, on reactor: Reactor) throws(DatabaseFailure) {
        do throws(ReactorFailure) {
            watch = try FileDescriptorWatch(descriptor, on: reactor)
        } catch {
            throw .unreachable("the connection's socket cannot be watched: \(error)")
        }
    }

    /// Until there is something to read or, when `toWrite`, room to write: a server that is busy answering a long pipeline
    /// reads no more of it until we have read.
    func wait(toWrite: Bool, deadline: Deadline) async throws(DatabaseFailure) {
        do throws(StreamFailure) {
            if toWrite {
                try await watch.waitReadableOrWritable(deadline: deadline)
            } else {
                try await watch.waitReadable(deadline: deadline)
            }
        } catch {
            switch error {
            case .deadlineExceeded: throw .deadlineExceeded("the call's deadline passed")
            case .cancelled: throw .cancelled
            default: throw .connectionLost("\(error)")
            }
        }
    }

    func close() { watch.close() }
}
