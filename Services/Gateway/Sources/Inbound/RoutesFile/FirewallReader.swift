import AddressSets
import Core
import ServiceKit

/// `firewall: { sets: …, country_database: …, rules: [{ name: …, deny: …}] }`, see `docs/admission.md`.
struct FirewallReader {
    private static let mostRules = 1_000
    private static let mostAddresses = 10_000

    private let section: FileSection
    /// What paths in the file are relative to.
    private let folder: String
    private var plan = FirewallPlan()

    static func read(_ file: FileSection, named name: String) -> FirewallPlan {
        guard let section = file.section("firewall") else { return FirewallPlan() }
        let folder = name.lastIndex(of: "/").map { String(name[..<$0]) } ?? "."
        var reader = FirewallReader(section: section, folder: folder)
        reader.read()
        section.end()
        return reader.plan
    }

    private mutating func read() {
        plan.countryDatabase = section.text("country_database").map(absolute)
        readSets()
        for rule in section.sections("rules", of: "a rule", 0...Self.mostRules) { plan.rules.append(self.rule(rule)) }
        let names = plan.rules.map(\.name)
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            section.report("two rules have the name \(quoted(name)); give each its own", at: "rules")
        }
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    // MARK: Sets

    /// `office: [192.0.2.0/24]`, or `drop: { file: drop.txt }`.
    private mutating func readSets() {
        guard let node = section["sets"] else { return }
        guard let entries = node.entries, entries.count <= 256 else {
            return section.report("sets has to be a mapping of up to 256 names", at: "sets")
        }
        let sets = FileSection(node, "sets", section.problems)
        for entry in entries {
            if entry.key.contains("/") || IPNetwork(entry.key) != nil {
                sets.problems.report(entry.keyLocation, "\(quoted(entry.key)) is an address, and cannot name a set")
            }
            if entry.value.entries != nil {
                let file = FileSection(entry.value, "sets.\(entry.key)", section.problems)
                if let path = file.text("file") {
                    plan.sets[entry.key] = .file(absolute(path))
                } else if !file.has("file") {
                    file.report("a set is a list of addresses, or { file: lists/drop.txt }")
                }
                file.end()
            } else {
                plan.sets[entry.key] = .addresses(AddressSet(networks(sets, entry.key)))
            }
        }
    }

    private func networks(_ section: FileSection, _ key: String) -> [IPNetwork] {
        section.texts(key, upTo: Self.mostAddresses).compactMap { text in
            if let network = IPNetwork(text) { return network }
            section.report(
                "\(quoted(text)) is no network; write it like 192.0.2.0/24, without bits beyond its prefix", at: key)
            return nil
        }
    }

    // MARK: Rules

    private func rule(_ section: FileSection) -> FirewallRule {
        let action = section.choice("action", FirewallAction.self)
        if action == nil && !section.has("action") {
            section.report("a rule says what happens; write action: deny, allow or challenge")
        }
        var rule = FirewallRule(section.text("name", upTo: 128) ?? "", action ?? .deny)
        if rule.name.isEmpty && !section.has("name") {
            section.report("a rule needs a name, which logs and hits go by")
        }
        readAddresses(section, &rule)
        rule.countries = countries(section)
        rule.hosts = section.has("hosts") ? section.texts("hosts").map { $0.lowercased() } : []
        rule.methods = section.has("methods") ? section.texts("methods").map { $0.uppercased() } : []
        rule.paths = section.has("paths") ? paths(section) : []
        section.end()
        return rule
    }

    /// Names of sets, and addresses, in one list.
    private func readAddresses(_ section: FileSection, _ rule: inout FirewallRule) {
        guard section.has("addresses") else { return }
        var own: [IPNetwork] = []
        for text in section.texts("addresses", upTo: Self.mostAddresses) {
            if plan.sets[text] != nil {
                rule.sets.append(text)
            } else if let network = IPNetwork(text) {
                own.append(network)
            } else {
                let hint = nearest(to: text, among: plan.sets.keys).map { "; did you mean \($0)?" } ?? ""
                section.report("\(quoted(text)) is neither one of sets nor a network\(hint)", at: "addresses")
            }
        }
        if !own.isEmpty { rule.addresses = AddressSet(own) }
    }

    private func countries(_ section: FileSection) -> Set<CountryCode> {
        guard section.has("countries") else { return [] }
        if plan.countryDatabase == nil {
            section.report(
                "who asks for a country has to say where it is known from; set firewall.country_database",
                at: "countries")
        }
        let codes = section.texts("countries", upTo: 300).compactMap { text in
            if let code = CountryCode(text) { return code }
            section.report(
                "\(quoted(text)) is no country; write two capital letters like DE, or unknown", at: "countries")
            return nil
        }
        return Set(codes)
    }

    private func paths(_ section: FileSection) -> [RoutePattern] {
        section.texts("paths").compactMap { text in
            do {
                return try RoutePattern(text)
            } catch {
                section.report("\(quoted(text)) is no path of a rule; \(error)", at: "paths")
                return nil
            }
        }
    }
}
