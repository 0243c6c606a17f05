/// Where everything of one local stack lies, and the ports and secrets it keeps from start to start.
internal import Core
internal import Foundation
internal import LocalServers

struct StackLayout: Sendable {
    let folder: String
    /// Where the built executables are.
    let executables: String

    var logs: String { "\(folder)/logs" }
    var configuration: String { "\(folder)/config" }
    var secrets: String { "\(folder)/secrets" }
    var ports: String { "\(folder)/ports" }

    init(folder: String, executables: String) throws(LocalServerFailure) {
        self.folder = folder
        self.executables = executables
        // Open to be entered, since the servers below run as their own accounts; what is secret is 0700 itself.
        try PrivateFiles.makeFolder(folder, account: nil, mode: 0o755)
        for part in [logs, configuration, secrets, ports] { try PrivateFiles.makeFolder(part, account: nil) }
    }

    func configurationFile(_ service: ServiceName) -> String { "\(configuration)/\(service.operatorName).yaml" }

    /// A secret made at the first start.
    func secret(_ name: String) throws(LocalServerFailure) -> String {
        try PrivateFiles.remembered(secretFile(name), account: nil) { RandomText.make() }
    }
    func key(_ name: String) throws(LocalServerFailure) -> String {
        try PrivateFiles.remembered(secretFile(name), account: nil) { RandomText.makeKey() }
    }
    func secretFile(_ name: String) -> String { "\(secrets)/\(name)" }

    /// A port chosen at the first start: `preferred` when it is free, any free one otherwise.
    func port(_ name: String, preferred: Int? = nil) throws(LocalServerFailure) -> Int {
        try FreePort.remembered(in: ports, name: name, preferred: preferred)
    }
}

/// The addresses of one running stack.
struct StackPorts: Sendable {
    let gateway: Int
    let labyrinth: Int
    let sampleApp: Int
    let administration: [ServiceName: Int]

    init(_ layout: StackLayout) throws(LocalServerFailure) {
        gateway = try layout.port("gateway", preferred: 8080)
        labyrinth = try layout.port("labyrinth")
        sampleApp = try layout.port("sample-app")
        var administration: [ServiceName: Int] = [:]
        for service in ServiceName.allCases {
            administration[service] = try layout.port("\(service.operatorName)-administration")
        }
        self.administration = administration
    }
}
