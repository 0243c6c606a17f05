internal import Reactor
internal import Telemetry

extension ServiceRuntime {
    /// Does `work` again and again until the service stops, first after one `interval`. A failure is told when it is the
    /// first of a row; the next round makes up for it.
    package func every(
        _ interval: Duration, _ name: String, _ work: @escaping @Sendable () async throws -> Void
    ) {
        let task = group.next().run { [log] in
            var isFailing = false
            while (try? await Reactor.sleep(for: interval)) != nil {
                do {
                    try await work()
                    isFailing = false
                } catch {
                    guard !Task.isCancelled else { return }
                    if !isFailing {
                        log.warning("failed, and is tried again", ["task": .string(name), "error": .error(error)])
                    }
                    isFailing = true
                }
            }
        }
        lifecycle.started(name) { _ in
            task.cancel()
            await task.value()
        }
    }
}
