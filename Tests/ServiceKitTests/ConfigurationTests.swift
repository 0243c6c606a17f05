import Core
import Reactor
import Synchronization
import Testing

@testable import ServiceKit

/// A configuration with a key of each type.
private struct Sample: ServiceConfiguration {
    enum Mode: String, CaseIterable { case block, alert }

    let workers: Int
    let ratio: Double
    let isStrict: Bool
    let window: Duration
    let body: ByteCount
    let mode: Mode
    let peers: [String]
    let listen: SocketAddress
    let token: String
    let routes: [(host: String, weight: Int)]

    init(from reader: inout ConfigurationReader) {
        workers = reader.integer("workers", default: 4, in: 1...64, about: "Workers.")
        ratio = reader.number("ratio", default: 0.8, in: 0...1)
        isStrict = reader.boolean("strict", default: true)
        window = reader.duration("window", default: .seconds(60), in: .seconds(1) ... .seconds(3_600))
        body = reader.byteCount("body_limit", default: .kibibytes(64), in: ByteCount(1) ... .mebibytes(1))
        mode = reader.choice("mode", default: Mode.block)
        peers = reader.list("peers")
        let server = reader.section("server")
        listen = server.address("listen", default: .loopback(port: 80))
        token = server.string("token", default: "", secret: true, atMost: 16)
        routes = reader.sections("routes").map { route in
            (host: route.string("host"), weight: route.integer("weight", default: 1, in: 1...100))
        }
    }
}

private func load(
    _ yaml: String, _ environment: [String: String] = [:], files: [String: String] = [:]
) throws -> LoadedConfiguration<Sample> {
    let file = try YAMLNode.parse(yaml, file: "sample.yaml")
    return try LoadedConfiguration(
        ConfigurationSources(service: .agentCoordinator, file: file, environment: environment) {
            path throws(FileFailure) in
            guard let text = files[path] else { throw FileFailure(reason: "it does not exist") }
            return Array(text.utf8)
        })
}

/// The problems of a configuration, one line each.
private func problems(
    _ yaml: String, _ environment: [String: String] = [:], files: [String: String] = [:]
) -> [String] {
    do {
        _ = try load(yaml, environment, files: files)
        return []
    } catch let failure as ConfigurationFailure {
        return failure.problems.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

private let prefix = "INFINITE_AGENT_COORDINATOR_"

@Suite struct ConfigurationTests {
    @Test func `without any source every key has its default`() throws {
        let sample = try load("").service
        #expect(sample.workers == 4)
        #expect(sample.window == .seconds(60))
        #expect(sample.body == .kibibytes(64))
        #expect(sample.mode == .block)
        #expect(sample.listen == .loopback(port: 80))
        #expect(sample.routes.isEmpty)
    }

    @Test func `every type is read from the file`() throws {
        let sample = try load(
            """
            workers: 8
            ratio: 0.25
            strict: false
            window: 15m
            body_limit: 1MiB
            mode: alert
            peers: [a, "b, c"]
            server: {listen: "[::1]:8443", token: t0ken}
            routes:
              - {host: one, weight: 3}
              - host: two
            """
        ).service
        #expect(sample.workers == 8)
        #expect(sample.ratio == 0.25)
        #expect(!sample.isStrict)
        #expect(sample.window == .seconds(900))
        #expect(sample.body == .mebibytes(1))
        #expect(sample.mode == .alert)
        #expect(sample.peers == ["a", "b, c"])
        #expect(sample.listen.description == "[::1]:8443")
        #expect(sample.token == "t0ken")
        #expect(sample.routes.map(\.host) == ["one", "two"])
        #expect(sample.routes.map(\.weight) == [3, 1])
    }

    @Test func `the environment wins over the file, and the listing says what it hides`() throws {
        let loaded = try load(
            "workers: 8\nserver: {token: from-file}\n",
            [prefix + "WORKERS": "9", prefix + "PEERS": "a, b", prefix + "SERVER_TOKEN_FILE": "/run/token"],
            files: ["/run/token": "from-secret\n"])
        #expect(loaded.service.workers == 9)
        #expect(loaded.service.peers == ["a", "b"])
        #expect(loaded.service.token == "from-secret")
        let listing = ConfigurationListing.text(loaded.keys)
        #expect(listing.contains("workers: 9"))
        #expect(listing.contains("# environment INFINITE_AGENT_COORDINATOR_WORKERS, overrides sample.yaml:1:10\n"))
        #expect(listing.contains("server.token: (secret)"))
        #expect(
            listing.contains(
                "# file /run/token, named by environment INFINITE_AGENT_COORDINATOR_SERVER_TOKEN_FILE, "
                    + "overrides sample.yaml:2:17\n"))
        #expect(!listing.contains("from-secret") && !listing.contains("from-file"))
        #expect(listing.contains("ratio: 0.8") && listing.contains("# default\n"))
    }

    @Test func `a secret can be named in the file, without its last newline`() throws {
        let loaded = try load("server: {token_file: /run/token}\n", files: ["/run/token": "s3cret\n"])
        #expect(loaded.service.token == "s3cret")
        #expect(try load("server: {token_file: t}", files: ["t": "a\n\n"]).service.token == "a\n")
    }

    static let mistakes: [(String, [String])] = [
        (
            "workers: 0",
            ["sample.yaml:1:10: workers is \"0\"; it must be a whole number from 1 to 64 (the default is 4)"]
        ),
        (
            "workers: many",
            ["sample.yaml:1:10: workers is \"many\"; it must be a whole number from 1 to 64 (the default is 4)"]
        ),
        (
            "workers: [1]",
            ["sample.yaml:1:10: workers is a list; it must be a whole number from 1 to 64 (the default is 4)"]
        ),
        ("workers:", ["sample.yaml:1:9: workers is empty; it must be a whole number from 1 to 64 (the default is 4)"]),
        ("ratio: 1.5", ["sample.yaml:1:8: ratio is \"1.5\"; it must be a number from 0.0 to 1.0 (the default is 0.8)"]),
        ("ratio: nan", ["sample.yaml:1:8: ratio is \"nan\"; it must be a number from 0.0 to 1.0 (the default is 0.8)"]),
        ("strict: yes", ["sample.yaml:1:9: strict is \"yes\"; it must be true or false (the default is true)"]),
        (
            "window: 60",
            [
                "sample.yaml:1:9: window is \"60\"; it must be a duration from 1s to 1h, such as 250ms, 30s, 15m or 12h "
                    + "(the default is 1m)"
            ]
        ),
        (
            "body_limit: 1GiB",
            [
                "sample.yaml:1:13: body_limit is \"1GiB\"; it must be a size from 1B to 1MiB, such as 64KiB or 16MiB "
                    + "(the default is 64KiB)"
            ]
        ),
        ("mode: warn", ["sample.yaml:1:7: mode is \"warn\"; it must be one of block, alert (the default is block)"]),
        ("peers: {a: 1}", ["sample.yaml:1:8: peers is a mapping; it must be a list of at most 256 texts"]),
        (
            "server: {listen: localhost}",
            [
                "sample.yaml:1:18: server.listen is \"localhost\"; it must be an address with a port, such as "
                    + "127.0.0.1:8080, [::1]:8080 or unix:/run/name.sock (the default is 127.0.0.1:80)"
            ]
        ),
        ("server: 5", ["sample.yaml:1:9: server is a single value; it must be a mapping of keys"]),
        ("routes: {host: a}", ["sample.yaml:1:9: routes is a mapping; it must be a list"]),
        ("routes: [a]", ["sample.yaml:1:10: routes[0] is a single value; it must be a mapping of keys"]),
        (
            "routes: [{weight: 1}]",
            ["sample.yaml:1:10: routes[0].host is required and not set; give it a text of 1 to 4096 bytes, in the file"]
        ),
        ("wokers: 3", ["sample.yaml:1:1: \"wokers\" is not a key; did you mean workers?"]),
        ("server: {lisen: 3}", ["sample.yaml:1:10: \"server.lisen\" is not a key; did you mean server.listen?"]),
        (
            "server: {nonsense: 3}",
            [
                "sample.yaml:1:10: \"server.nonsense\" is not a key; remove it, or use one of server's: "
                    + "server.listen, server.token, server.token_file"
            ]
        ),
        (
            "routes: [{host: a, wieght: 1}]",
            ["sample.yaml:1:20: \"routes[0].wieght\" is not a key; did you mean routes[0].weight?"]
        ),
        ("- a", ["sample.yaml:1:1: the file holds a list; it must be a mapping of keys"]),
        (
            "server: {token: \"01234567890123456789\"}",
            ["sample.yaml:1:17: server.token is a secret that does not fit; it must be a text of 0 to 16 bytes"]
        ),
        (
            "server: {token: a, token_file: /b}",
            ["sample.yaml:1:32: server.token_file is set beside server.token; keep one of the two"]
        ),
        (
            "workers: \"1\\n2\\u202e\"",
            [
                "sample.yaml:1:10: workers is \"1\u{fffd}2\u{fffd}\"; it must be a whole number from 1 to 64 (the default is 4)"
            ]
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is told with its place, key, value, bound and fix`(yaml: String, expected: [String]) {
        #expect(problems(yaml) == expected)
    }

    static let environmentMistakes: [([String: String], [String])] = [
        (
            [prefix + "WORKERS": "65"],
            [
                "environment INFINITE_AGENT_COORDINATOR_WORKERS: workers is \"65\"; it must be a whole number from 1 to 64 "
                    + "(the default is 4)"
            ]
        ),
        (
            [prefix + "WORKRES": "6"],
            [
                "environment INFINITE_AGENT_COORDINATOR_WORKRES: no key has this name; did you mean "
                    + "INFINITE_AGENT_COORDINATOR_WORKERS?"
            ]
        ),
        (
            [prefix + "SERVER_TOKEN_FILE": "/gone"],
            [
                "environment INFINITE_AGENT_COORDINATOR_SERVER_TOKEN_FILE: the file \"/gone\" cannot be used: it does not "
                    + "exist"
            ]
        ),
        (
            [prefix + "SERVER_TOKEN": "a", prefix + "SERVER_TOKEN_FILE": "/b"],
            [
                "environment INFINITE_AGENT_COORDINATOR_SERVER_TOKEN: INFINITE_AGENT_COORDINATOR_SERVER_TOKEN_FILE is set as "
                    + "well; unset one of the two"
            ]
        ),
        (
            [
                prefix + "SERVICE_HOST": "10.0.0.1", prefix + "PORT_9090_TCP": "x",
                "INFINITE_GATEWAY_X": "other service",
            ], []
        ),
    ]

    @Test(arguments: environmentMistakes)
    func `mistakes in the environment are told the same way`(environment: [String: String], expected: [String]) {
        #expect(problems("", environment) == expected)
    }

    @Test func `all problems come at once`() {
        let found = problems("workers: 0\nratio: 7\nwhat: ever\nlimits: {reactors: -1}\n", [prefix + "MODE": "?"])
        #expect(found.count == 5)
    }

    @Test func `the keys all services share are checked too`() {
        #expect(
            problems("log: {level: loud}") == [
                "sample.yaml:1:14: log.level is \"loud\"; it must be one of debug, info, warning, error (the default is info)"
            ])
    }

    @Test func `help lists every key with its bound, default and variable`() {
        let text = CommandLineArguments.help(
            for: .agentCoordinator, keys: LoadedConfiguration<Sample>.declaredKeys(of: .agentCoordinator))
        #expect(
            text.contains(
                """
                  workers
                      Workers. It is a whole number from 1 to 64. Default: 4.
                      INFINITE_AGENT_COORDINATOR_WORKERS

                """))
        #expect(text.contains("INFINITE_AGENT_COORDINATOR_SERVER_TOKEN[_FILE]"))
        #expect(text.contains("check-config"))
    }

    @Test func `a listing without secrets can be read back and means the same`() throws {
        let first = try load("workers: 7\nwindow: 90s\n")
        let flat = ConfigurationListing.text(first.keys)
        #expect(flat.contains("window: 90s"))
        #expect(flat.split(separator: "\n").count == first.keys.count)
    }
}

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("0s", Duration.zero), ("250ms", .milliseconds(250)), ("90s", .seconds(90)), ("15m", .seconds(900)),
        ("12h", .seconds(43_200)), ("90d", .seconds(7_776_000)), ("10us", .microseconds(10)), ("7ns", .nanoseconds(7)),
    ])
    func `durations are read, and written in the largest whole unit`(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(arguments: ["", "5", "s", "-5s", "5 s", "1.5s", "5S", "99999999999999999999s", "999999999999d", "５s"])
    func `anything else is not a duration`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }
}

@Suite struct CommandLineTests {
    @Test func `verbs and the file may come in any order`() throws {
        #expect(try CommandLineArguments([]).verb == .run)
        #expect(try CommandLineArguments(["check-config"]).verb == .checkConfiguration)
        let both = try CommandLineArguments(["--config", "a.yaml", "print-config"])
        #expect(both.verb == .printConfiguration)
        #expect(both.configurationFile == "a.yaml")
        #expect(try CommandLineArguments(["--config=b.yaml", "-h"]).configurationFile == "b.yaml")
        #expect(try CommandLineArguments(["-h"]).verb == .help)
    }

    @Test(arguments: [
        (["--config"], "--config needs the path of a file after it"),
        (["run", "migrate"], "one verb at a time: run or migrate"),
        (["chek-config"], "\"chek-config\" is not known; did you mean check-config?"),
        (
            ["frobnicate"],
            "\"frobnicate\" is not known; it can be run, supervise, check-config, print-config, migrate, dead-letters, --help, --version, --config"
        ),
    ])
    func `what cannot be obeyed is told with the fix`(words: [String], message: String) {
        #expect { try CommandLineArguments(words) } throws: { "\($0)" == message }
    }
}
