/// Reads configuration files into a rule set. Total: whatever it does not know it refuses, with the place and a way out.
struct RuleSetReader {
    private static let maximumDepth = 16

    private let source: SecLangSource
    private(set) var set = RuleSet()
    private var defaults: [Int: [RuleAction]] = [:]
    /// The chain that the next SecRule continues.
    private var open: RuleDefinition?
    private var known: Set<Int> = []
    private var file = ""
    private var line = 0

    init(_ source: SecLangSource) { self.source = source }

    static func read(_ paths: [String], from source: SecLangSource) throws(InspectionFailure) -> RuleSet {
        var reader = RuleSetReader(source)
        for path in paths { try reader.include(path, isOptional: false, depth: 0) }
        return reader.set
    }

    // MARK: Files

    private mutating func include(_ pattern: String, isOptional: Bool, depth: Int) throws(InspectionFailure) {
        guard depth < Self.maximumDepth else {
            throw refuse("files include each other more than \(Self.maximumDepth) deep", "take the circle out")
        }
        let paths = source.expand(pattern)
        guard !paths.isEmpty || isOptional else {
            throw refuse("there is no file \(pattern)", "correct the path, or write IncludeOptional")
        }
        for path in paths { try read(path, depth: depth) }
    }

    private mutating func read(_ path: String, depth: Int) throws(InspectionFailure) {
        guard let text = source.read(path) else {
            throw refuse("\(path) cannot be read", "check its permissions and size")
        }
        let outer = (file, line)
        file = path
        for words in try ConfigurationLine.split(text, file: path) {
            line = words.number
            do {
                try directive(words.words, depth: depth)
            } catch let problem as RuleTextProblem {
                throw refuse(problem.reason, problem.fix)
            } catch let failure as InspectionFailure {
                throw failure
            } catch {
                throw refuse("\(error)", "correct the line")
            }
        }
        if let open {
            throw refuse("rule \(open.id) ends with `chain` and nothing follows", "add the rule or drop `chain`")
        }
        (file, line) = outer
    }

    private func refuse(_ reason: String, _ fix: String) -> InspectionFailure {
        .malformedRules(file: file, line: line, reason: reason, fix: fix)
    }

    // MARK: Directives

    private mutating func directive(_ words: [[UInt8]], depth: Int) throws {
        let name = String(decoding: words[0], as: UTF8.self)
        let arguments = Array(words.dropFirst())
        func text(_ index: Int) -> String { String(decoding: arguments[index], as: UTF8.self) }
        if open != nil, name.lowercased() != "secrule", name.lowercased() != "secaction" {
            throw RuleTextProblem("a chain is open and \(name) does not continue it", "let a SecRule follow")
        }
        try Self.check(name, count: arguments.count)
        switch name.lowercased() {
        case "secrule":
            try addRule(
                targets: arguments[0], condition: arguments[1], actions: arguments.count > 2 ? arguments[2] : [])
        case "secaction": try addRule(targets: nil, condition: [], actions: arguments[0])
        case "secmarker": set.items.append(.marker(arguments[0]))
        case "secdefaultaction": try setDefault(arguments[0])
        case "include": try include(beside(text(0)), isOptional: false, depth: depth + 1)
        case "includeoptional": try include(beside(text(0)), isOptional: true, depth: depth + 1)
        case "seccomponentsignature": set.signatures.append(text(0))
        case "seccollectiontimeout": _ = try ActionParser.number(text(0), 0...Int(Int32.max), of: name)
        case "secruleengine":
            guard let mode = SecLangMode(text(0)) else {
                throw RuleTextProblem("\(name) \(text(0)) is not known", "use On, Off or DetectionOnly")
            }
            set.mode = mode
        case "secrequestbodyaccess": set.isRequestBodyRead = try flag(name, text(0))
        case "secresponsebodyaccess": set.isResponseBodyRead = try flag(name, text(0))
        case "secruleremovebyid": try removeByID(arguments)
        case "secruleremovebytag": try remove(arguments[0]) { $0.tags }
        case "secruleremovebymsg": try remove(arguments[0]) { [$0.message.literal ?? []] }
        case "secruleupdatetargetbyid": try updateTargets(byID: text(0), arguments)
        case "secruleupdatetargetbytag": try updateTargets(arguments) { $0.tags }
        case "secruleupdatetargetbymsg": try updateTargets(arguments) { [$0.message.literal ?? []] }
        case "secruleupdateactionbyid": try updateActions(text(0), arguments[1])
        default: throw RuleTextProblem("the directive \(name) is not supported", "take the line out")
        }
    }

    private static let argumentCounts: [String: ClosedRange<Int>] = [
        "secrule": 2...3, "secruleremovebyid": 1...100, "secruleupdatetargetbyid": 2...3,
        "secruleupdatetargetbytag": 2...3, "secruleupdatetargetbymsg": 2...3, "secruleupdateactionbyid": 2...2,
    ]

    private static func check(_ name: String, count: Int) throws(RuleTextProblem) {
        let permitted = argumentCounts[name.lowercased()] ?? 1...1
        guard !permitted.contains(count) else { return }
        throw RuleTextProblem(
            "\(name) has \(count) words after it, not \(permitted.lowerBound)…\(permitted.upperBound)",
            "put quotes around words with spaces")
    }

    private func flag(_ name: String, _ text: String) throws(RuleTextProblem) -> Bool {
        switch text.lowercased() {
        case "on": true
        case "off": false
        default: throw RuleTextProblem("\(name) \(text) is not known", "use On or Off")
        }
    }

    /// A relative path is meant from the folder of the file that names it.
    private func beside(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    private mutating func setDefault(_ text: [UInt8]) throws(RuleTextProblem) {
        let actions = try ActionParser.parse(text)
        var phase = 2
        for case .phase(let named) in actions { phase = named }
        defaults[phase] = actions
    }

    // MARK: Rules

    private mutating func addRule(
        targets: [UInt8]?, condition: [UInt8], actions: [UInt8]
    ) throws(RuleTextProblem) {
        let actions = try ActionParser.parse(actions)
        var link = RuleLink(line: line)
        if let targets {
            let parser = OperatorParser { [source, path = file] name in
                source.read(RuleSetReader.beside(name, path))
            }
            link.targets = try RuleTarget.parseList(targets)
            (link.condition, link.isNegated) = try parser.parse(condition)
        }
        let isChained = actions.contains(.chain)
        if var definition = open {
            try continueChain(&definition, link, actions)
            open = isChained ? definition : nil
            if !isChained { set.items.append(.rule(definition)) }
            return
        }
        let definition = try begin(link, actions)
        open = isChained ? definition : nil
        if !isChained { set.items.append(.rule(definition)) }
    }

    private static func beside(_ name: String, _ path: String) -> String {
        guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }

    private mutating func begin(
        _ link: RuleLink, _ actions: [RuleAction]
    ) throws(RuleTextProblem) -> RuleDefinition {
        var id: Int?
        var phase = 2
        for action in actions {
            if case .id(let given) = action { id = given }
            if case .phase(let given) = action { phase = given }
        }
        guard let id else { throw RuleTextProblem("the rule has no id", "give it one, such as id:100001") }
        guard known.insert(id).inserted else {
            throw RuleTextProblem("the id \(id) is taken by an earlier rule", "give this one another")
        }
        guard known.count <= RuleSet.maximumRules else {
            throw RuleTextProblem("there are more than \(RuleSet.maximumRules) rules", "load fewer")
        }
        var definition = RuleDefinition(id: id, phase: phase, file: file, line: line)
        var link = link
        // A rule's own word stands after the default's, and so overrides it.
        for action in (defaults[phase] ?? []) + actions { try apply(action, to: &definition, &link) }
        definition.links = [link]
        return definition
    }

    private func continueChain(
        _ definition: inout RuleDefinition, _ link: RuleLink, _ actions: [RuleAction]
    ) throws(RuleTextProblem) {
        guard definition.links.count < 32 else {
            throw RuleTextProblem("a chain has more than 32 rules", "make it shorter")
        }
        var link = link
        for action in actions {
            switch action {
            case .disruption(.block), .disruption(.pass): break
            case .disruption, .skip, .skipAfter, .id, .phase:
                throw RuleTextProblem(
                    "only a chain's first rule can have this action", "move the action to the first rule")
            case .message, .logData, .tag, .severity, .label, .log, .audit, .status:
                try apply(action, to: &definition, &link)
            default: try apply(action, to: &definition, &link)
            }
        }
        definition.links.append(link)
    }

    private func apply(
        _ action: RuleAction, to definition: inout RuleDefinition, _ link: inout RuleLink
    ) throws(RuleTextProblem) {
        switch action {
        case .id, .phase, .chain, .accepted: break
        case .message(let text): definition.message = text
        case .logData(let text): definition.logData = text
        case .tag(let tag): definition.tags.append(tag)
        case .severity(let severity): definition.severity = severity
        case .label(let name, let value): definition.labels.append((name, value))
        case .status(let status): definition.status = status
        case .disruption(.block): definition.disruption = defaultDisruption(definition.phase)
        case .disruption(let disruption): definition.disruption = disruption
        case .transformation(nil): link.transformations = []
        case .transformation(let transformation?): link.transformations.append(transformation)
        case .capture: link.isCapturing = true
        case .multiMatch: link.isMultiMatch = true
        case .log(let isLogged):
            definition.isLogged = isLogged
            definition.isAudited = isLogged
        case .audit(let isAudited): definition.isAudited = isAudited
        case .skip(let count): definition.skip = count
        case .skipAfter(let marker): definition.skipAfter = marker
        case .assign, .collection, .expire, .control: link.effects.append(action)
        }
    }

    private func defaultDisruption(_ phase: Int) -> RuleAction.Disruption {
        var found = RuleAction.Disruption.pass
        for case .disruption(let disruption) in defaults[phase] ?? [] { found = disruption }
        return found == .block ? .pass : found
    }

    // MARK: Changes to rules that stand above

    private mutating func forEachRule(_ change: (inout RuleDefinition) -> Void) {
        for index in set.items.indices {
            guard case .rule(var definition) = set.items[index] else { continue }
            change(&definition)
            set.items[index] = .rule(definition)
        }
    }

    private mutating func removeRules(where isMeant: (RuleDefinition) -> Bool) {
        set.items.removeAll { item in
            guard case .rule(let definition) = item else { return false }
            return isMeant(definition)
        }
    }

    private mutating func removeByID(_ arguments: [[UInt8]]) throws(RuleTextProblem) {
        for argument in arguments {
            for word in String(decoding: argument, as: UTF8.self).split(whereSeparator: { " ,".contains($0) }) {
                let range = try ControlParser.identifiers(String(word))
                removeRules { range.contains($0.id) }
            }
        }
    }

    private func matcher(_ text: [UInt8]) throws(RuleTextProblem) -> (([UInt8]) -> Bool) {
        try TextMatcher(text).matches
    }

    private mutating func remove(
        _ pattern: [UInt8], _ texts: (RuleDefinition) -> [[UInt8]]
    ) throws(RuleTextProblem) {
        let matches = try matcher(pattern)
        removeRules { texts($0).contains(where: matches) }
    }

    private mutating func updateTargets(byID text: String, _ arguments: [[UInt8]]) throws(RuleTextProblem) {
        let parts = text.split(separator: ":").map(String.init)
        let range = try ControlParser.identifiers(parts.first ?? "")
        let link = parts.count > 1 ? try ActionParser.number(parts[1], 0...31, of: "chain position") : 0
        let change = try targetChange(arguments, link)
        forEachRule { if range.contains($0.id) { change(&$0) } }
    }

    private mutating func updateTargets(
        _ arguments: [[UInt8]], _ texts: (RuleDefinition) -> [[UInt8]]
    ) throws(RuleTextProblem) {
        let matches = try matcher(arguments[0])
        let change = try targetChange(arguments, 0)
        forEachRule { if texts($0).contains(where: matches) { change(&$0) } }
    }

    /// Adds targets and exclusions; a third word names the target that the new ones replace.
    private func targetChange(
        _ arguments: [[UInt8]], _ link: Int
    ) throws(RuleTextProblem) -> ((inout RuleDefinition) -> Void) {
        let added = try RuleTarget.parseList(arguments[1])
        let replaced = arguments.count > 2 ? try RuleTarget.parseList(arguments[2]) : []
        return { definition in
            guard definition.links.indices.contains(link) else { return }
            let kept = definition.links[link].targets.filter { !replaced.contains($0) }
            definition.links[link].targets = kept + added.filter { !kept.contains($0) }
        }
    }

    private mutating func updateActions(_ id: String, _ text: [UInt8]) throws(RuleTextProblem) {
        let range = try ControlParser.identifiers(id)
        let actions = try ActionParser.parse(text)
        for action in actions {
            switch action {
            case .id, .phase, .chain:
                throw RuleTextProblem("a rule's id, phase and chain cannot be changed later", "take the action out")
            default: break
            }
        }
        let hasTransformations = actions.contains { if case .transformation = $0 { true } else { false } }
        for index in set.items.indices {
            guard case .rule(var definition) = set.items[index], range.contains(definition.id) else { continue }
            if hasTransformations { definition.links[0].transformations = [] }
            var link = definition.links[0]
            for action in actions { try apply(action, to: &definition, &link) }
            definition.links[0] = link
            set.items[index] = .rule(definition)
        }
    }
}
