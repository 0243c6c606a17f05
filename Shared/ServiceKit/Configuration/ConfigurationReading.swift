internal import Core

/// What one reading of a configuration has seen so far; shared by a reader and its sections.
final class ConfigurationReading {
    let sources: ConfigurationSources
    private(set) var keys: [ConfigurationKey] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// Full names that were asked for: values, and the mappings and lists around them.
    private(set) var declaredValues: Set<String> = []
    private(set) var declaredContainers: Set<String> = [""]
    /// Containers of the wrong kind were reported; what is inside them means nothing.
    private var unreadable: Set<String> = []
    private var environmentNames: [String: String] = [:]

    init(sources: ConfigurationSources) { self.sources = sources }

    var fileName: String { sources.file?.location.file ?? "configuration" }

    func declareContainer(_ path: String) { declaredContainers.insert(path) }

    func ignoreInside(_ path: String) { unreadable.insert(path) }

    func declareValue(_ path: String) { declaredValues.insert(path) }

    func record(_ key: ConfigurationKey) {
        keys.append(key)
        guard let name = key.environmentName else { return }
        if let other = environmentNames.updateValue(key.name, forKey: name), other != key.name {
            preconditionFailure("\(other) and \(key.name) share the environment name \(name)")
        }
    }

    func report(_ place: String, _ reason: String) {
        problems.append(ConfigurationProblem(place: place, reason: reason))
    }

    /// To be called when everything was read: what is in the sources and was not asked for is a mistake.
    func reportUnknown() {
        if let file = sources.file { reportUnknownKeys(in: file, path: "") }
        let known = Set(environmentNames.keys).union(environmentNames.keys.map { $0 + "_FILE" })
        for name in sources.environment.keys.sorted()
        where name.hasPrefix(sources.environmentPrefix) && !known.contains(name) && !isServiceLink(name) {
            let hint = nearest(to: name, among: environmentNames.keys).map { "did you mean \($0)?" }
            report("environment \(name)", "no key has this name; \(hint ?? "unset it, or see --help for the names")")
        }
    }

    private func reportUnknownKeys(in node: YAMLNode, path: String) {
        guard !unreadable.contains(path) else { return }
        for entry in node.entries ?? [] {
            let name = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if declaredContainers.contains(name) {
                reportUnknownKeys(in: entry.value, path: name)
            } else if !declaredValues.contains(name) {
                report(entry.keyLocation.description, "\(quoted(name)) is not a key; \(hint(for: name, under: path))")
            }
        }
        for (position, item) in (node.items ?? []).enumerated()
        where declaredContainers.contains("\(path)[\(position)]") {
            reportUnknownKeys(in: item, path: "\(path)[\(position)]")
        }
    }

    private func hint(for name: String, under path: String) -> String {
        let all = declaredValues.union(declaredContainers).subtracting([""])
        if let near = nearest(to: name, among: all) { return "did you mean \(near)?" }
        let siblings = all.filter { candidate in
            candidate.hasPrefix(path.isEmpty ? "" : path + ".")
                && !candidate.dropFirst(path.isEmpty ? 0 : path.count + 1).contains(".")
        }
        let place = path.isEmpty ? "the top level" : path
        return "remove it, or use one of \(place)'s: \(siblings.sorted().joined(separator: ", "))"
    }

    /// Kubernetes sets `<NAME>_SERVICE_HOST`, `<NAME>_PORT_80_TCP…` for every Service object, and one may well be called
    /// `infinite-gateway`. Those are not ours to complain about.
    private func isServiceLink(_ name: String) -> Bool {
        let rest = name.dropFirst(sources.environmentPrefix.count)
        return rest == "PORT" || rest.hasPrefix("SERVICE_HOST") || rest.hasPrefix("SERVICE_PORT")
            || (rest.hasPrefix("PORT_") && rest.dropFirst(5).first?.isNumber == true)
    }
}
