import AddressSets
import Core
import JSON
import ServiceKit

/// The firewall as the administration port shows it: what is in force, how often it decided, what is wrong with a file.
struct FirewallReport: Sendable {
    let state: GatewayState
    let keeper: FirewallKeeper?

    var json: JSONValue {
        var object = JSONObject()
        let firewall = state.firewall.current
        object["rules"] = .array(firewall.rules.map(\.json))
        if let countries = firewall.countries {
            object["countries"] = [
                "kind": .string(countries.kind), "built": .string(countries.built.rfc3339),
                "bytes": .integer(Int64(countries.byteCount)),
            ]
        }
        guard let keeper else { return .object(object) }
        let files = keeper.inForce.files.files
        object["files"] = .array(files.sorted { $0.key < $1.key }.map { Self.file($0.key, $0.value) })
        if let refused = keeper.refused { object["refused"] = refused.json }
        return .object(object)
    }

    private static func file(_ path: String, _ file: FirewallFiles.File) -> JSONValue {
        var entry = JSONObject()
        entry["file"] = .string(path)
        entry["digest"] = .string(Hex.encode(file.digest))
        entry["read_at"] = .string(file.readAt.rfc3339)
        if case .addresses(let set) = file.content {
            entry["entries"] = .integer(Int64(set.count))
            entry["bytes"] = .integer(Int64(set.byteCount))
        }
        return .object(entry)
    }
}

extension Firewall.ActiveRule {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(rule.name)
        object["action"] = .string(rule.action.rawValue)
        object["hits"] = .integer(Int64(hits.current))
        if !sets.isEmpty {
            object["addresses"] = .array(
                sets.map { set in
                    let name = set.name.isEmpty ? "(in the rule)" : set.name
                    return ["set": .string(name), "entries": .integer(Int64(set.addresses.count))]
                })
        }
        let countries = rule.countries.map(\.description).sorted()
        let lists = [("countries", countries), ("hosts", rule.hosts), ("methods", rule.methods)]
        for (key, list) in lists + [("paths", rule.paths.map(\.text))] where !list.isEmpty {
            object[key] = .array(list.map { .string($0) })
        }
        return .object(object)
    }
}

extension Firewall.Verdict {
    var json: JSONValue {
        var object = JSONObject()
        object["action"] = .string(action.rawValue)
        object["rule"] = .string(rule.name)
        if let network { object["network"] = .string(network.description) }
        if let set, !set.isEmpty { object["set"] = .string(set) }
        if let country { object["country"] = .string(country.description) }
        return .object(object)
    }
}
