/// The third word of a rule: actions separated by commas, `name`, `name:value` or `name:'value, with commas'`.
enum ActionParser {
    static func parse(_ text: [UInt8]) throws(RuleTextProblem) -> [RuleAction] {
        var actions: [RuleAction] = []
        for (name, value) in try split(text) { actions.append(try action(name, value)) }
        return actions
    }

    private static func split(_ text: [UInt8]) throws(RuleTextProblem) -> [(String, [UInt8])] {
        var found: [(String, [UInt8])] = []
        var index = 0
        while true {
            while index < text.count, text[index] <= 0x20 || text[index] == UInt8(ascii: ",") { index += 1 }
            guard index < text.count else { return found }
            let start = index
            while index < text.count, text[index] != UInt8(ascii: ","), text[index] != UInt8(ascii: ":") { index += 1 }
            let name = trimmed(text[start..<index])
            var value: [UInt8] = []
            if index < text.count, text[index] == UInt8(ascii: ":") {
                index += 1
                value = try self.value(text, &index)
            }
            found.append((String(decoding: name, as: UTF8.self), value))
        }
    }

    /// Quotes may enclose the whole value or begin after its first part, as in `setvar:tx.a='b,c'`.
    private static func value(_ text: [UInt8], _ index: inout Int) throws(RuleTextProblem) -> [UInt8] {
        var value: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index + 1 < text.count, text[index + 1] == UInt8(ascii: "'") {
                value.append(UInt8(ascii: "'"))
                index += 2
                continue
            }
            if byte == UInt8(ascii: "'"), isQuoted || value.isEmpty || value.last == UInt8(ascii: "=") {
                isQuoted.toggle()
                wasQuoted = true
                index += 1
                continue
            }
            if byte == UInt8(ascii: ","), !isQuoted { break }
            value.append(byte)
            index += 1
        }
        guard !isQuoted else { throw RuleTextProblem("a quoted value is not closed", "close it with '") }
        return wasQuoted ? value : Array(trimmed(value[...]))
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> [UInt8] {
        Array(text.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed())
    }

    private static func action(_ name: String, _ value: [UInt8]) throws(RuleTextProblem) -> RuleAction {
        let text = String(decoding: value, as: UTF8.self)
        switch name.lowercased() {
        case "id": return .id(try number(text, 1...Int(Int32.max), of: "id"))
        case "phase": return .phase(try phase(text))
        case "msg": return .message(try MacroText.parse(value))
        case "logdata": return .logData(try MacroText.parse(value))
        case "tag": return .tag(value)
        case "severity": return .severity(try severity(text))
        case "ver", "rev", "maturity", "accuracy": return .label(name, value)
        case "status": return .status(try number(text, 100...599, of: "status"))
        case "t": return .transformation(try transformation(text))
        case "chain": return .chain
        case "capture": return .capture
        case "multimatch": return .multiMatch
        case "log": return .log(true)
        case "nolog": return .log(false)
        case "auditlog": return .audit(true)
        case "noauditlog": return .audit(false)
        case "skip": return .skip(try number(text, 1...100_000, of: "skip"))
        case "skipafter": return .skipAfter(value)
        case "setvar": return try assignment(value)
        case "expirevar": return try expiry(value)
        case "initcol": return try collection(value)
        case "setuid": return .collection(.user, try MacroText.parse(value))
        case "setsid": return .collection(.session, try MacroText.parse(value))
        case "setrsc": return .collection(.resource, try MacroText.parse(value))
        case "ctl": return .control(try ControlParser.parse(value))
        case "sanitisearg", "sanitisematched", "sanitisematchedbytes", "sanitiserequestheader",
            "sanitiseresponseheader", "sanitizearg", "sanitizematched", "sanitizematchedbytes",
            "sanitizerequestheader", "sanitizeresponseheader":
            return .accepted(name)
        default:
            if let disruption = try disruption(name.lowercased(), value) { return .disruption(disruption) }
            throw RuleTextProblem("the action \(name) is not supported", "take it out of the rule")
        }
    }

    private static func disruption(
        _ name: String, _ value: [UInt8]
    ) throws(RuleTextProblem) -> RuleAction.Disruption? {
        switch name {
        case "pass": return .pass
        case "block": return .block
        case "deny": return .deny
        case "drop": return .drop
        case "redirect": return .redirect(try MacroText.parse(value))
        case "allow":
            switch String(decoding: value, as: UTF8.self).lowercased() {
            case "": return .allow
            case "phase": return .allowPhase
            case "request": return .allowRequest
            case let scope:
                throw RuleTextProblem("allow:\(scope) is not known", "use allow, allow:phase or allow:request")
            }
        default: return nil
        }
    }

    static func number(_ text: String, _ range: ClosedRange<Int>, of name: String) throws(RuleTextProblem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw RuleTextProblem(
                "\(name):\(text) is not a number in \(range.lowerBound)…\(range.upperBound)", "write such a number")
        }
        return number
    }

    private static func phase(_ text: String) throws(RuleTextProblem) -> Int {
        switch text.lowercased() {
        case "request": 2
        case "response": 4
        case "logging": 5
        default: try number(text, 1...5, of: "phase")
        }
    }

    private static let severities = [
        "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG",
    ]

    private static func severity(_ text: String) throws(RuleTextProblem) -> Int {
        if let named = severities.firstIndex(of: text.uppercased()) { return named }
        return try number(text, 0...7, of: "severity")
    }

    private static func transformation(_ text: String) throws(RuleTextProblem) -> SecLangTransformation? {
        if text.lowercased() == "none" { return nil }
        guard let known = SecLangTransformation.byName[text.lowercased()] else {
            throw RuleTextProblem("the transformation \(text) is not supported", "take t:\(text) out of the rule")
        }
        return known
    }

    /// `tx.name=value`, `tx.name=+value`, `tx.name=-value`, `!tx.name`, `tx.name` (which sets 1).
    private static func assignment(_ value: [UInt8]) throws(RuleTextProblem) -> RuleAction {
        if value.first == UInt8(ascii: "!") {
            let (variable, name) = try member(Array(value.dropFirst()))
            return .assign(variable, name: name, .unset)
        }
        guard let equals = equalsSign(value) else {
            let (variable, name) = try member(value)
            return .assign(variable, name: name, .set(MacroText(parts: [.literal([UInt8(ascii: "1")])])))
        }
        let (variable, name) = try member(Array(value[..<equals]))
        let rest = Array(value[(equals + 1)...])
        switch rest.first {
        case UInt8(ascii: "+"): return .assign(variable, name: name, .add(try MacroText.parse(Array(rest.dropFirst()))))
        case UInt8(ascii: "-"):
            return .assign(variable, name: name, .subtract(try MacroText.parse(Array(rest.dropFirst()))))
        default: return .assign(variable, name: name, .set(try MacroText.parse(rest)))
        }
    }

    /// The first `=` that is not inside a macro.
    private static func equalsSign(_ value: [UInt8]) -> Int? {
        var depth = 0
        for (index, byte) in value.enumerated() {
            switch byte {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "=") where depth <= 0: return index
            default: break
            }
        }
        return nil
    }

    private static func member(_ text: [UInt8]) throws(RuleTextProblem) -> (SecLangVariable, MacroText) {
        guard let dot = text.firstIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }) else {
            throw RuleTextProblem(
                "setvar:\(String(decoding: text, as: UTF8.self)) names no collection",
                "write for example setvar:tx.name=1")
        }
        let collection = String(decoding: text[..<dot], as: UTF8.self).uppercased()
        guard let variable = SecLangVariable.byName[collection], variable.isWritable else {
            throw RuleTextProblem(
                "the collection \(collection) cannot be written to", "use TX, IP, GLOBAL, SESSION, USER or RESOURCE")
        }
        return (variable, try MacroText.parse(Array(text[(dot + 1)...])))
    }

    private static func expiry(_ value: [UInt8]) throws(RuleTextProblem) -> RuleAction {
        let (variable, name) = try member(Array(value.prefix { $0 != UInt8(ascii: "=") }))
        return .expire(variable, name)
    }

    private static func collection(_ value: [UInt8]) throws(RuleTextProblem) -> RuleAction {
        guard let equals = value.firstIndex(of: UInt8(ascii: "=")) else {
            throw RuleTextProblem("initcol has no key", "write for example initcol:ip=%{REMOTE_ADDR}")
        }
        let name = String(decoding: value[..<equals], as: UTF8.self).uppercased()
        guard let variable = SecLangVariable.byName[name], variable.isWritable else {
            throw RuleTextProblem(
                "the collection \(name) is not supported", "use IP, GLOBAL, SESSION, USER or RESOURCE")
        }
        return .collection(variable, try MacroText.parse(Array(value[(equals + 1)...])))
    }
}
