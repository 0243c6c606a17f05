import Core
import Glibc
import Inspection

/// `detector explain FILE.http`: judges a request kept in a file, offline, and says why. `-` reads standard input. With
/// `--core-rule-set FOLDER` that rule set judges as well.
enum ExplainVerb {
    private static let usage = """
        usage: detector explain [--core-rule-set FOLDER [--setup-file FILE] [--paranoia-level 1…4] [--observe]
               [--rules-before FILE]… [--rules-after FILE]…] FILE.http
        FILE.http holds a request line, headers, an empty line, the body; - is standard input.

        """

    static func run(_ arguments: [String]) -> Never {
        guard let (path, settings) = parse(arguments) else { OfflineVerb.end(usage, status: 64) }
        do {
            let engine = try InspectionEngine.builtIn()
            if let file = InspectionModel.file(configured: nil), let model = OfflineVerb.read(file) {
                _ = try engine.use(bytes: model)
            }
            guard let bytes = OfflineVerb.read(path) else {
                OfflineVerb.end("detector: \(path) cannot be read\n", status: 66)
            }
            let rules = try settings.map { Published(try RuleSetInForce(try $0.load())) }
            let examination = try Examiner(engine, rules: rules)
                .examine(try RequestText.parse(bytes), asksRuleSet: true)
            OfflineVerb.say(Explanation.text(examination.verdict, engineVersion: examination.version))
            exit(0)
        } catch let error as InspectionFailure {
            OfflineVerb.end("detector: \(error)\n", status: 78)
        } catch {
            OfflineVerb.end("detector: \(path): \(error)\n", status: 65)
        }
    }

    /// Nil for what is no call of this verb.
    static func parse(_ words: [String]) -> (path: String, rules: CoreRuleSet?)? {
        let none = CoreRuleSet(folder: "")
        var rules = none
        var path: String?
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--observe" {
                rules.isEnforced = false
            } else if word.hasPrefix("--") {
                guard let value = rest.popFirst(), set(word, value, &rules) else { return nil }
            } else {
                guard path == nil else { return nil }
                path = word
            }
        }
        // The other options say nothing without a rule set.
        guard let path, !rules.folder.isEmpty || rules == none else { return nil }
        return (path, rules == none ? nil : rules)
    }

    /// An option of a rule set; false for what is none, or has no such value.
    static func set(_ option: String, _ value: String, _ rules: inout CoreRuleSet) -> Bool {
        switch option {
        case "--core-rule-set": rules.folder = value
        case "--setup-file": rules.setupFile = value
        case "--rules-before": rules.rulesBefore.append(value)
        case "--rules-after": rules.rulesAfter.append(value)
        case "--paranoia-level":
            guard let level = Int(value), CoreRuleSet.paranoiaLevels.contains(level) else { return false }
            rules.paranoiaLevel = level
        default: return false
        }
        return true
    }
}
