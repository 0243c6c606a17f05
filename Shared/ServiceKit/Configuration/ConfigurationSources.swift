package import Core

/// Where values come from. Highest first:
///
/// 1. the environment: `INFINITE_<SERVICE>_<KEY>`, with dots as underscores, or the same with `_FILE` naming a file that
///    holds the value (both at once are refused)
/// 2. the configuration file (for a secret also `<key>_file` naming a file)
/// 3. the default
///
/// What a higher source hides is reported as overridden, so nothing wins silently.
package struct ConfigurationSources: Sendable {
    package static let maximumSecretBytes = 16 << 10

    let service: ServiceName
    let file: YAMLNode?
    let environment: [String: String]
    /// Reads a secret file; throws the reason why it cannot be read.
    let readFile: @Sendable (_ path: String) throws(FileFailure) -> [UInt8]

    package init(
        service: ServiceName, file: YAMLNode?, environment: [String: String] = [:],
        readFile: @escaping @Sendable (String) throws(FileFailure) -> [UInt8] = ConfigurationSources.readSmallFile
    ) {
        self.service = service
        self.file = file
        self.environment = environment
        self.readFile = readFile
    }

    var environmentPrefix: String { "INFINITE_\(Self.environmentWord(service.operatorName))_" }

    func environmentName(_ key: String) -> String { environmentPrefix + Self.environmentWord(key) }

    private static func environmentWord(_ name: String) -> String {
        String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }

    @Sendable package static func readSmallFile(_ path: String) throws(FileFailure) -> [UInt8] {
        try SmallFile.read(path, upTo: maximumSecretBytes)
    }
}

/// Where the value of a key came from.
package enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    case builtIn
    case file(SourceLocation)
    case environment(String)
    indirect case secretFile(path: String, namedBy: ConfigurationOrigin)

    package var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let location): location.description
        case .environment(let name): "environment \(name)"
        case .secretFile(let path, let origin): "file \(path), named by \(origin)"
        }
    }
}

/// A key as it was read: what `print-config` and `--help` show of it.
package struct ConfigurationKey: Sendable {
    package let name: String
    package let environmentName: String?
    package let expectation: String
    package let defaultText: String?
    package let about: String
    package let isSecret: Bool
    /// Masked when the key is secret.
    package let valueText: String
    package let origin: ConfigurationOrigin
    package let overridden: [ConfigurationOrigin]
}
