internal import Core
internal import Messaging
internal import Reactor
internal import Telemetry

/// Carries out an order about a service's dead letters, beside a service that may be running, as the same broker user.
struct DeadLetterDesk: Sendable {
    private let bus: Bus

    private static let patience = Duration.seconds(15)

    init(_ configuration: KitConfiguration, service: ServiceName, group: ReactorGroup, log: Logger) throws {
        bus = Bus(
            configuration: try configuration.bus.configuration(), service: service, group: group, logger: log,
            metrics: MetricsRegistry())
    }

    /// What to tell the person who gave it.
    func obey(_ order: DeadLetterOrder) async throws -> String {
        await bus.start()
        do {
            try await bus.waitUntilConnected(deadline: .after(Self.patience))
            let answer = try await carryOut(order)
            await bus.stop(deadline: .after(Self.patience))
            return answer
        } catch {
            await bus.stop(deadline: .after(Self.patience))
            throw error
        }
    }

    private func carryOut(_ order: DeadLetterOrder) async throws(Failure) -> String {
        switch order {
        case .list:
            let letters = try await bus.deadLetters.peek(limit: DeadLetters.maximum)
            return letters.map { $0.line + "\n" }.joined() + Self.counted(letters.count, "dead letter") + "\n"
        case .requeue(let choice):
            let count = try await bus.deadLetters.requeue(try await ids(of: choice))
            return "returned \(Self.counted(count, "letter")) to where it could not be handled\n"
        case .discard(let choice):
            return "discarded \(Self.counted(try await bus.deadLetters.discard(try await ids(of: choice)), "letter"))\n"
        }
    }

    private func ids(of choice: DeadLetterChoice) async throws(Failure) -> Set<String> {
        switch choice {
        case .all: Set(try await bus.deadLetters.peek(limit: DeadLetters.maximum).map(\.id))
        case .these(let ids): ids
        }
    }

    private static func counted(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }
}

extension DeadLetter {
    /// Everything in it came over the network, so nothing of it may move a terminal's cursor.
    fileprivate var line: String {
        [id, queue, schema, sender, "\(body.count) bytes", reason].map(quoted).joined(separator: "  ")
    }
}
