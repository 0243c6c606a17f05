internal import Core
internal import Glibc
internal import Reactor
internal import Telemetry

/// The process around a service: what its verbs do, and what it exits with.
package enum ServiceProcess<Served: Service> {
    package static func main() async -> Never {
        await exit(status(CommandLine.arguments.dropFirst(), environment: ProcessEnvironment.read()))
    }

    private static func status(_ words: some Sequence<String>, environment: [String: String]) async -> Int32 {
        do throws(UsageFailure) {
            let arguments = try CommandLineArguments(words)
            return await obey(arguments, environment)
        } catch {
            StandardStreams.error("\(Served.name.operatorName): \(error); see --help\n")
            return ExitStatus.usage
        }
    }

    private static func obey(_ arguments: CommandLineArguments, _ environment: [String: String]) async -> Int32 {
        switch arguments.verb {
        case .help:
            let keys = LoadedConfiguration<Served.Configuration>.declaredKeys(of: Served.name)
            StandardStreams.out(CommandLineArguments.help(for: Served.name, keys: keys))
            return ExitStatus.success
        case .version:
            StandardStreams.out("\(Served.name.operatorName) \(Version.current)\n")
            return ExitStatus.success
        case .run, .supervise, .migrate, .deadLetters, .checkConfiguration, .printConfiguration:
            return await obeyConfigured(arguments, environment)
        }
    }

    private static func obeyConfigured(
        _ arguments: CommandLineArguments, _ environment: [String: String]
    ) async -> Int32 {
        let loaded: LoadedConfiguration<Served.Configuration>
        do throws(ConfigurationFailure) {
            loaded = try LoadedConfiguration(
                service: Served.name, file: arguments.configurationFile ?? defaultFile, environment: environment)
        } catch {
            StandardStreams.error("\(Served.name.operatorName): \(error)\n")
            return ExitStatus.configuration
        }
        switch arguments.verb {
        case .checkConfiguration:
            return check(loaded)
        case .printConfiguration:
            StandardStreams.out(ConfigurationListing.text(loaded.keys))
            return ExitStatus.success
        default:
            return await ServiceRun<Served>.status(of: arguments, loaded)
        }
    }

    private static func check(_ loaded: LoadedConfiguration<Served.Configuration>) -> Int32 {
        let problems = Served.problems(with: loaded.service)
        guard problems.isEmpty else {
            StandardStreams.error("\(Served.name.operatorName): \(problems.joined(separator: "\n  "))\n")
            return ExitStatus.configuration
        }
        StandardStreams.out("\(Served.name.operatorName): the configuration is good (\(loaded.keys.count) keys)\n")
        return ExitStatus.success
    }

    private static var defaultFile: String? {
        let path = "/etc/infinite/\(Served.name.operatorName).yaml"
        return unsafe access(path, F_OK) == 0 ? path : nil
    }
}

/// What the process exits with; the first two after success are from <sysexits.h>.
enum ExitStatus {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let usage: Int32 = 64
    static let configuration: Int32 = 78

    /// As a shell reports a process that a signal ended.
    static func forced(by signal: Int32) -> Int32 { 128 + signal }

    /// Of the word that waitpid gives.
    static func ofProcess(_ word: Int32) -> Int32 {
        word & 0x7f == 0 ? (word >> 8) & 0xff : forced(by: word & 0x7f)
    }
}
