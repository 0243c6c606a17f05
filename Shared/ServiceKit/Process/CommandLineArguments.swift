internal import Core

/// What a service can be asked to do.
package enum Verb: String, CaseIterable, Sendable {
    case run
    case supervise
    case checkConfiguration = "check-config"
    case printConfiguration = "print-config"
    case migrate
    case deadLetters = "dead-letters"
    case help = "--help"
    case version = "--version"

    var about: String {
        switch self {
        case .run: "serve until SIGTERM or SIGINT (what happens when no verb is given)"
        case .supervise:
            "run in a process of its own; start it again when it dies, replace it on SIGUSR2, refuse no connection meanwhile"
        case .checkConfiguration: "read the configuration, report everything wrong with it, and end"
        case .printConfiguration: "print every key with its value and where it came from; secrets are masked"
        case .migrate: "bring the service's database schema up to this program's version, and end"
        case .deadLetters:
            "list messages that could not be handled; with requeue or discard and their ids, or all, do so"
        case .help: "print this"
        case .version: "print the version"
        }
    }
}

/// Why the command line cannot be obeyed.
package struct UsageFailure: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// `<service> [verb] [--config FILE]`, and behind `dead-letters` an order about them.
package struct CommandLineArguments: Sendable, Equatable {
    package var verb = Verb.run
    package var configurationFile: String?
    var deadLetterOrder = DeadLetterOrder.list

    package init(_ arguments: some Sequence<String>) throws(UsageFailure) {
        var rest = Array(arguments.reversed())
        var chosen: Verb?
        var operands: [String] = []
        while let word = rest.popLast() {
            if word == "--config" {
                guard let path = rest.popLast(), !path.isEmpty else {
                    throw UsageFailure(description: "--config needs the path of a file after it")
                }
                configurationFile = path
            } else if word.hasPrefix("--config="), word.count > 9 {
                configurationFile = String(word.dropFirst(9))
            } else if let verb = Verb(rawValue: word == "-h" ? "--help" : word) {
                guard chosen == nil || chosen == verb else {
                    throw UsageFailure(description: "one verb at a time: \(chosen?.rawValue ?? "") or \(verb.rawValue)")
                }
                chosen = verb
            } else if chosen == .deadLetters {
                operands.append(word)
            } else {
                throw UsageFailure(description: Self.unknown(word))
            }
        }
        verb = chosen ?? .run
        deadLetterOrder = try DeadLetterOrder(operands)
    }

    private static func unknown(_ word: String) -> String {
        let names = Verb.allCases.map(\.rawValue) + ["--config"]
        let hint = nearest(to: word, among: names).map { "did you mean \($0)?" }
        return "\(quoted(word)) is not known; \(hint ?? "it can be \(names.joined(separator: ", "))")"
    }

    /// The text of `--help`. `keys` are all keys with their defaults.
    static func help(for service: ServiceName, keys: [ConfigurationKey]) -> String {
        let name = service.operatorName
        var text = "usage: \(name) [verb] [--config FILE]\n\nverbs:\n"
        for verb in Verb.allCases { text += "  \(padded(verb.rawValue, 14))\(verb.about)\n" }
        text += """

            Without --config, /etc/infinite/\(name).yaml is read when it exists. A key can also be set in the environment;
            the environment wins over the file, and print-config shows what hides what. A secret can be kept in a file of
            its own: <key>_file in the file, or <VARIABLE>_FILE in the environment.

            keys:

            """
        for key in keys {
            let fallback = key.defaultText.map { $0.isEmpty ? "" : " Default: \($0)." } ?? " Required."
            text +=
                "  \(key.name)\n      \(key.about.isEmpty ? "" : key.about + " ")It is \(key.expectation).\(fallback)\n"
            if let variable = key.environmentName { text += "      \(variable)\(key.isSecret ? "[_FILE]" : "")\n" }
        }
        return text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
