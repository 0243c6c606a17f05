internal import Core
package import Reactor
package import Telemetry

/// The keys every service has, read the same way by all.
package struct KitConfiguration: Sendable {
    package struct Administration: Sendable {
        package let listen: SocketAddress
    }

    package struct Logging: Sendable {
        package enum Format: String, CaseIterable, Sendable {
            /// Text on a terminal, JSON elsewhere.
            case auto, json, text
        }

        package let level: LogLevel
        package let format: Format
        package let crashDirectory: String
    }

    package struct Limits: Sendable {
        /// Zero: one per usable core.
        package let reactors: Int
        /// Zero: all the kernel allows.
        package let openFiles: Int
        package let allowsCoreDumps: Bool
        package let drainDelay: Duration
        package let stopTimeout: Duration
    }

    package let administration: Administration
    package let logging: Logging
    package let limits: Limits
    package let bus: BusKeys
    package let database: DatabaseKeys

    init(from reader: ConfigurationReader, service: ServiceName) {
        administration = Administration(from: reader.section("admin"))
        logging = Logging(from: reader.section("log"))
        limits = Limits(from: reader.section("limits"))
        bus = BusKeys(from: reader.section("bus"), service: service)
        database = DatabaseKeys(from: reader.section("database"), service: service)
    }
}

extension KitConfiguration.Administration {
    fileprivate init(from reader: ConfigurationReader) {
        listen = reader.address(
            "listen", default: .loopback(port: 9090),
            about: "Where /livez, /readyz, /metrics and /config are served. Not for the public.")
    }
}

extension KitConfiguration.Logging {
    fileprivate init(from reader: ConfigurationReader) {
        level = reader.choice("level", default: .info, about: "The least important lines that are written.")
        format = reader.choice(
            "format", default: .auto, about: "How lines look; auto is text on a terminal and json elsewhere.")
        crashDirectory = reader.string(
            "crash_directory", default: "/tmp", allowsEmpty: true,
            about: "Where a crash leaves its report; empty leaves it on standard error only.")
    }
}

extension KitConfiguration.Limits {
    fileprivate init(from reader: ConfigurationReader) {
        reactors = reader.integer("reactors", default: 0, in: 0...256, about: "Event loops; 0 is one per usable core.")
        openFiles = reader.integer(
            "open_files", default: 0, in: 0...10_000_000,
            about: "Open files and connections; 0 is as many as the kernel's hard limit allows.")
        allowsCoreDumps = reader.boolean(
            "core_dumps", default: false, about: "Core dumps hold keys and passwords: for debugging only.")
        drainDelay = reader.duration(
            "drain_delay", default: .zero, in: .zero ... .seconds(300),
            about: "How long to keep serving after SIGTERM while being reported not ready, so that balancers notice.")
        stopTimeout = reader.duration(
            "stop_timeout", default: .seconds(30), in: .milliseconds(100) ... .seconds(3_600),
            about: "How long a graceful stop may take in all.")
    }
}
