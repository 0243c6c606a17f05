internal import Core

/// A configuration that was read in full and found without fault.
struct LoadedConfiguration<Configuration: ServiceConfiguration>: Sendable {
    static var maximumFileBytes: Int { 1 << 20 }

    let kit: KitConfiguration
    let service: Configuration
    let keys: [ConfigurationKey]

    init(
        service name: ServiceName, file path: String?, environment: [String: String]
    ) throws(ConfigurationFailure) {
        let file = try path.map { (path) throws(ConfigurationFailure) in try Self.readFile(path) }
        try self.init(ConfigurationSources(service: name, file: file, environment: environment))
    }

    init(_ sources: ConfigurationSources) throws(ConfigurationFailure) {
        var reader = ConfigurationReader(sources)
        kit = KitConfiguration(from: reader, service: sources.service)
        service = Configuration(from: &reader)
        keys = reader.keys
        let problems = reader.finish()
        guard problems.isEmpty else { throw ConfigurationFailure(problems: problems) }
    }

    /// Every key with its default, as if nothing was configured.
    static func declaredKeys(of name: ServiceName) -> [ConfigurationKey] {
        var reader = ConfigurationReader(ConfigurationSources(service: name, file: nil))
        _ = KitConfiguration(from: reader, service: name)
        _ = Configuration(from: &reader)
        return reader.keys
    }

    private static func readFile(_ path: String) throws(ConfigurationFailure) -> YAMLNode {
        do {
            return try YAMLNode.parse(try SmallFile.read(path, upTo: maximumFileBytes), file: path)
        } catch let failure as YAMLFailure {
            let problem = ConfigurationProblem(place: failure.location.description, reason: failure.reason)
            throw ConfigurationFailure(problems: [problem])
        } catch {
            let reason = "the configuration file cannot be read: \(error); name another with --config"
            throw ConfigurationFailure(problems: [ConfigurationProblem(place: path, reason: reason)])
        }
    }
}
