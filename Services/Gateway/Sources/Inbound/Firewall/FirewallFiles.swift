import AddressSets
import Core
import Cryptography
import ServiceKit

/// Reads what a firewall's plan names. What has not changed since the last reading is taken from there.
struct FirewallFiles: Sendable {
    struct File: Sendable {
        enum Content: Sendable {
            case addresses(AddressSet)
            case countries(CountryDatabase)
        }

        var digest: [UInt8]
        var readAt: Timestamp
        var content: Content
    }

    private static let mostEntries = 4_000_000
    private static let largestDatabase = 256 << 20

    /// By path.
    private(set) var files: [String: File] = [:]

    /// All or nothing. `hits` are those of the firewall before, by the rule's name.
    mutating func load(_ plan: FirewallPlan, hits: [String: FirewallHits]) throws(GatewayFailure) -> Firewall {
        var fresh: [String: File] = [:]
        var problems: [String] = []
        for path in plan.files.sorted() {
            do throws(GatewayFailure) {
                fresh[path] = try read(path, isDatabase: path == plan.countryDatabase)
            } catch {
                if case .firewall(let told) = error { problems += told } else { problems.append("\(error)") }
            }
        }
        guard problems.isEmpty else { throw .firewall(problems) }
        let firewall = Self.firewall(plan, fresh, hits)
        files = fresh
        guard entryCount <= Self.mostEntries else {
            throw .firewall(["all lists together have \(entryCount) entries; at most \(Self.mostEntries) are kept"])
        }
        return firewall
    }

    var digests: [String: [UInt8]] { files.mapValues(\.digest) }

    /// Of all lists.
    var entryCount: Int {
        files.values.reduce(0) { sum, file in
            if case .addresses(let set) = file.content { sum + set.count } else { sum }
        }
    }

    private func read(_ path: String, isDatabase: Bool) throws(GatewayFailure) -> File {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, upTo: isDatabase ? Self.largestDatabase : AddressList.largest)
        } catch {
            throw .firewall(["\(path): \(error); the firewall names this file"])
        }
        let digest = SHA256.hash(bytes)
        if let known = files[path], known.digest == digest { return known }
        return File(digest: digest, readAt: .now, content: try Self.content(bytes, path, isDatabase: isDatabase))
    }

    private static func content(
        _ bytes: [UInt8], _ path: String, isDatabase: Bool
    ) throws(GatewayFailure) -> File.Content {
        do {
            return isDatabase
                ? .countries(try CountryDatabase(bytes)) : .addresses(try AddressList.read(bytes, file: path))
        } catch {
            throw .firewall((error as? AddressListFailure)?.problems ?? ["\(path): \(error)"])
        }
    }

    private static func firewall(
        _ plan: FirewallPlan, _ files: [String: File], _ hits: [String: FirewallHits]
    ) -> Firewall {
        func addresses(_ name: String) -> AddressSet? {
            switch plan.sets[name] {
            case .addresses(let set): return set
            case .file(let path): if case .addresses(let set) = files[path]?.content { return set }
            case nil: break
            }
            return nil
        }
        let rules = plan.rules.map { rule in
            var sets = rule.addresses.map { [(name: "", addresses: $0)] } ?? []
            for name in rule.sets { sets.append((name, addresses(name) ?? AddressSet([]))) }
            return Firewall.ActiveRule(rule: rule, sets: sets, hits: hits[rule.name] ?? FirewallHits())
        }
        var countries: CountryDatabase?
        if case .countries(let database) = plan.countryDatabase.flatMap({ files[$0] })?.content { countries = database }
        return Firewall(rules, countries: countries)
    }
}
