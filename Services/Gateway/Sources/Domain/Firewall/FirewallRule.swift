package import AddressSets
package import Core
import Synchronization

package enum FirewallAction: String, Sendable, CaseIterable {
    /// Passes the firewall, whatever the rules after it say.
    case allow
    case deny
    /// Passes with a proof, see `challenge`.
    case challenge
}

/// One rule as the file has it: which requests it takes, and what happens to them. Every kind of condition that is given
/// has to hold; of one kind any one is enough.
package struct FirewallRule: Sendable {
    package var name: String
    package var action: FirewallAction
    /// Names under `sets`.
    package var sets: [String] = []
    /// Addresses that stand in the rule itself.
    package var addresses: AddressSet?
    package var countries: Set<CountryCode> = []
    /// Lower case; `*.example.org` is any one label before it.
    package var hosts: [String] = []
    package var paths: [RoutePattern] = []
    package var methods: [String] = []

    package init(_ name: String, _ action: FirewallAction) { (self.name, self.action) = (name, action) }

    fileprivate func takes(host: String, method: String, path: RequestPath?) -> Bool {
        guard hosts.isEmpty || hosts.contains(host) || hosts.contains("*" + host.drop { $0 != "." }) else {
            return false
        }
        guard methods.isEmpty || methods.contains(method) else { return false }
        guard !paths.isEmpty else { return true }
        return path.map { path in paths.contains { $0.takes(path) } } ?? false
    }
}

/// What the file says before the files it names are read.
package struct FirewallPlan: Sendable {
    package enum Source: Sendable {
        case addresses(AddressSet)
        case file(String)
    }

    package var rules: [FirewallRule] = []
    package var sets: [String: Source] = [:]
    /// A MaxMind DB file.
    package var countryDatabase: String?

    package init() {}

    package var files: Set<String> {
        var files = Set(sets.values.compactMap { if case .file(let path) = $0 { path } else { nil } })
        if let countryDatabase { files.insert(countryDatabase) }
        return files
    }
}

/// How often a rule decided. Shared by every generation of the firewall that has a rule of that name.
package final class FirewallHits: Sendable {
    private let count = Atomic<Int>(0)
    package init() {}
    package var current: Int { count.load(ordering: .relaxed) }
    func note() { count.add(1, ordering: .relaxed) }
}

/// The rules with everything they ask for at hand. The first rule that takes a request decides; without one it passes.
package final class Firewall: Sendable {
    package struct ActiveRule: Sendable {
        package let rule: FirewallRule
        /// Of the rule and of the sets it names, each with that name (empty: the rule's own).
        package let sets: [(name: String, addresses: AddressSet)]
        package let hits: FirewallHits
    }

    /// Why a rule decided.
    package struct Verdict: Sendable {
        package var rule: FirewallRule
        package var set: String?
        package var network: IPNetwork?
        package var country: CountryCode?
        fileprivate var hits: FirewallHits

        package var action: FirewallAction { rule.action }
        package func note() { hits.note() }
    }

    package let rules: [ActiveRule]
    package let countries: CountryDatabase?

    package init(_ rules: [ActiveRule] = [], countries: CountryDatabase? = nil) {
        (self.rules, self.countries) = (rules, countries)
    }

    /// `path` is nil for one that servers would read in different ways: such a request is refused later, by nobody's rule.
    package func judge(_ address: IPAddress, host: String, method: String, path: RequestPath?) -> Verdict? {
        guard !rules.isEmpty else { return nil }
        var country: CountryCode?
        for active in rules {
            let rule = active.rule
            guard rule.takes(host: host, method: method, path: path) else { continue }
            var verdict = Verdict(rule: rule, hits: active.hits)
            if !active.sets.isEmpty {
                guard let found = Self.find(address, in: active.sets) else { continue }
                (verdict.set, verdict.network) = (found.name, found.network)
            }
            if !rule.countries.isEmpty {
                let known = country ?? countries?.country(of: address) ?? .unknown
                country = known
                guard rule.countries.contains(known) else { continue }
                verdict.country = known
            }
            return verdict
        }
        return nil
    }

    private static func find(
        _ address: IPAddress, in sets: [(name: String, addresses: AddressSet)]
    ) -> (name: String, network: IPNetwork)? {
        for set in sets {
            if let network = set.addresses.network(covering: address) { return (set.name, network) }
        }
        return nil
    }
}
