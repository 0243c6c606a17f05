import Core
import ServiceKit

/// A candidate's settings, by the keys and within the bounds of the configuration, on top of what is configured.
struct CandidateSettings: Sendable, Equatable {
    /// "behaviour.missing_pages" and "30".
    var values: [(key: String, value: String)]

    static func == (left: CandidateSettings, right: CandidateSettings) -> Bool {
        left.values.elementsEqual(right.values) { $0 == $1 }
    }

    /// Every key of judgement may be changed, nothing else.
    func applied(to base: Detection.Settings) throws(DetectorFailure) -> Detection.Settings {
        if values.isEmpty { return base }
        for (key, _) in values where key.split(separator: ".").count < 2 {
            throw .wrongCandidate("\"\(key.prefix(64))\" is no key; keys look like behaviour.missing_pages")
        }
        let node: YAMLNode
        do throws(YAMLFailure) {
            node = try YAMLNode.parse(text, file: "candidate")
        } catch {
            throw .wrongCandidate("\(error)")
        }
        return try Self.judgement(node, base: base)
    }

    /// The same out of a file as it is written by hand.
    static func read(_ bytes: [UInt8], file: String, base: Detection.Settings) throws -> Detection.Settings {
        try judgement(try YAMLNode.parse(bytes, file: file), base: base)
    }

    private static func judgement(
        _ node: YAMLNode, base: Detection.Settings
    ) throws(DetectorFailure) -> Detection.Settings {
        var reader = ConfigurationReader(ConfigurationSources(service: .detector, file: node))
        let settings = DetectorConfiguration.judgement(from: &reader, base: base)
        if let problem = reader.finish().first { throw .wrongCandidate("\(problem)") }
        return settings
    }

    /// As a configuration file has it: a mapping for each word before the dot.
    private var text: String {
        var sections: [(name: String, lines: [String])] = []
        for (key, value) in values {
            let words = key.split(separator: ".", maxSplits: 1).map { Self.quoted(String($0)) }
            let line = "  \(words.last ?? "\"\""): \(Self.quoted(value))"
            let name = words.first ?? "\"\""
            if let index = sections.firstIndex(where: { $0.name == name }) {
                sections[index].lines.append(line)
            } else {
                sections.append((name, [line]))
            }
        }
        return sections.map { "\($0.name):\n\($0.lines.joined(separator: "\n"))\n" }.joined()
    }

    /// Whatever it holds, it is one text.
    private static func quoted(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { scalar in
                switch scalar {
                case "\"", "\\": "\\\(scalar)"
                case _ where scalar.value < 0x20 || scalar.value == 0x7f: " "
                default: String(Character(scalar))
                }
            }.joined() + "\""
    }
}
