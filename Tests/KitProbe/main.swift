/// A service that does nothing but what the kit's own tests need: it says when it starts, reloads and stops, and crashes
/// or hangs on request.
internal import Core
internal import Glibc
internal import HTTP
internal import Reactor
internal import ServiceKit
internal import Telemetry

struct ProbeConfiguration: ServiceConfiguration {
    let stopTakes: Duration
    let failure: String?

    init(from reader: inout ConfigurationReader) {
        stopTakes = reader.duration("stop_takes", default: .zero, in: .zero ... .seconds(3_600))
        failure = reader.optionalString("failure")
    }
}

struct ProbeService: Service {
    static let name = ServiceName.metrics
    static let waitsForDependencies = unsafe getenv("PROBE_WAITS_FOR_DEPENDENCIES") != nil

    let configuration: ProbeConfiguration
    let runtime: ServiceRuntime

    init(_ configuration: ProbeConfiguration, _ runtime: ServiceRuntime) {
        self.configuration = configuration
        self.runtime = runtime
    }

    func start() async throws {
        if let failure = configuration.failure { throw Failure(.unavailable, failure) }
        for name in ["first", "second"] {
            runtime.lifecycle.started(name) { [log = runtime.log] _ in log.info("part stops", ["part": .string(name)]) }
        }
        runtime.admin.add(.post, "/crash") { _, _ in
            let numbers: [Int] = []
            print(numbers[getpid() > 0 ? 1 : 0])
        }
    }

    func reload() async { runtime.log.info("probe reloads") }

    func stop(deadline: Deadline) async {
        runtime.log.info("probe stops")
        try? await Reactor.sleep(for: configuration.stopTakes)
    }
}

await ServiceProcess<ProbeService>.main()
