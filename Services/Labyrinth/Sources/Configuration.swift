internal import Core
internal import Reactor
internal import ServiceKit

/// Every key of the labyrinth's configuration file beyond the kit's own.
struct LabyrinthConfiguration: ServiceConfiguration {
    var listen: SocketAddress
    var maximumConnections: Int
    /// The maze follows from it: another secret, another maze.
    var secret: String
    var tarpit: Tarpit
    var rememberedIntruders: Int
    var maximumPendingSteps: Int
    var stepRetention: Duration

    init(from reader: inout ConfigurationReader) {
        let listening = reader.section("listen")
        listen = listening.address(
            "address", default: .loopback(port: 8084), about: "for the gateway alone; keep it unreachable from outside")
        maximumConnections = listening.integer("maximum_connections", default: 10_000, in: 1...1_000_000)
        secret = reader.section("maze").string(
            "secret", secret: true, atMost: 1_024, about: "at least 16 bytes; the same on all replicas")
        if secret.utf8.count < 16 {
            reader.section("maze").report("has fewer than 16 bytes; make one with: openssl rand -hex 32", at: "secret")
        }
        let pit = reader.section("tarpit")
        tarpit = Tarpit(
            first: pit.duration("first", default: .milliseconds(100), in: .zero ... .seconds(10)),
            perStep: pit.duration("per_step", default: .milliseconds(50), in: .zero ... .seconds(10)),
            longest: pit.duration("longest", default: .seconds(8), in: .zero ... .seconds(50)),
            seats: pit.integer("seats", default: 2_000, in: 0...100_000, about: "answers held back at a time"))
        rememberedIntruders = reader.section("intruders").integer("remembered", default: 50_000, in: 1...1_000_000)
        let steps = reader.section("steps")
        maximumPendingSteps = steps.integer(
            "maximum_pending", default: 10_000, in: 100...1_000_000, about: "kept in memory while the database is away")
        stepRetention = steps.duration(
            "retention", default: .seconds(30 * 86_400), in: .seconds(3_600) ... .seconds(3_650 * 86_400))
    }
}
