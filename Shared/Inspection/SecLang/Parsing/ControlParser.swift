/// `ctl:name=value`: what a rule changes for the rest of one request.
enum ControlParser {
    static func parse(_ text: [UInt8]) throws(RuleTextProblem) -> RuleAction.Control {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else {
            throw RuleTextProblem("ctl has no value", "write for example ctl:ruleEngine=Off")
        }
        let name = String(decoding: text[..<equals], as: UTF8.self)
        let value = Array(text[(equals + 1)...])
        let word = String(decoding: value, as: UTF8.self)
        switch name.lowercased() {
        case "ruleengine":
            guard let mode = SecLangMode(word) else { throw unknown(name, word, "On, Off or DetectionOnly") }
            return .ruleEngine(mode)
        case "requestbodyprocessor":
            let processor = word.uppercased()
            guard ["URLENCODED", "MULTIPART", "XML", "JSON"].contains(processor) else {
                throw unknown(name, word, "URLENCODED, MULTIPART, XML or JSON")
            }
            return .requestBodyProcessor(processor)
        case "forcerequestbodyvariable": return .forceRequestBodyVariable(try flag(name, word))
        case "requestbodyaccess": return .requestBodyAccess(try flag(name, word))
        case "responsebodyaccess": return .responseBodyAccess(try flag(name, word))
        case "auditengine", "auditlogparts", "debugloglevel", "hashengine", "hashenforcement": return .audit
        case "ruleremovebyid": return .removeByID(try identifiers(word))
        case "ruleremovebytag": return .removeByTag(value)
        case "ruleremovebymsg": return .removeByMessage(value)
        case "ruleremovetargetbyid":
            let (rule, target) = try ruleAndTarget(value)
            return .removeTargetByID(try identifiers(String(decoding: rule, as: UTF8.self)), target)
        case "ruleremovetargetbytag":
            let (rule, target) = try ruleAndTarget(value)
            return .removeTargetByTag(rule, target)
        case "ruleremovetargetbymsg":
            let (rule, target) = try ruleAndTarget(value)
            return .removeTargetByMessage(rule, target)
        default: throw RuleTextProblem("ctl:\(name) is not supported", "take it out of the rule")
        }
    }

    private static func unknown(_ name: String, _ value: String, _ permitted: String) -> RuleTextProblem {
        RuleTextProblem("ctl:\(name)=\(value) is not known", "use \(permitted)")
    }

    private static func flag(_ name: String, _ value: String) throws(RuleTextProblem) -> Bool {
        switch value.lowercased() {
        case "on": true
        case "off": false
        default: throw unknown(name, value, "On or Off")
        }
    }

    /// One id, or two joined by a hyphen.
    static func identifiers(_ text: String) throws(RuleTextProblem) -> ClosedRange<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        if ends.count == 1, let only = ends[0] { return only...only }
        if ends.count == 2, let first = ends[0], let last = ends[1], first <= last { return first...last }
        throw RuleTextProblem(
            "\(text) is not a rule id", "write an id such as 942100, or a range such as 942100-942199")
    }

    private static func ruleAndTarget(_ value: [UInt8]) throws(RuleTextProblem) -> ([UInt8], RuleTarget) {
        guard let semicolon = value.firstIndex(of: UInt8(ascii: ";")) else {
            throw RuleTextProblem("no variable is named after the rule", "write for example …=942100;ARGS:password")
        }
        return (Array(value[..<semicolon]), try RuleTarget.parse(Array(value[(semicolon + 1)...])))
    }
}
