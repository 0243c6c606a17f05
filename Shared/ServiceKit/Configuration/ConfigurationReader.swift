internal import Core

/// Reads typed values by key and never throws: whatever is wrong is collected, so that a person sees all of it at once.
/// A read that failed returns its default, or something harmless when there is none.
///
/// `default: nil` is written by leaving it out: the key is then required.
package struct ConfigurationReader {
    let reading: ConfigurationReading
    /// Full name of the mapping this reader stands in; empty at the top.
    let path: String
    let node: YAMLNode?

    package init(_ sources: ConfigurationSources) {
        self.init(reading: ConfigurationReading(sources: sources), path: "", node: sources.file)
        if let file = sources.file, file.entries == nil {
            reading.report(file.location.description, "the file holds \(file.kindName); it must be a mapping of keys")
        }
    }

    init(reading: ConfigurationReading, path: String, node: YAMLNode?) {
        self.reading = reading
        self.path = path
        self.node = node
    }

    /// Where this mapping stands, for a message or for `report`.
    package var location: SourceLocation? { node?.location }

    func fullName(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A value of any type. `expectation` completes "it must be …"; `parse` returns nil for what is not one.
    package func value<Value>(
        _ key: String, default fallback: Value?, placeholder: Value, secret: Bool = false, expectation: String,
        about: String, show: (Value) -> String, parse: (String) -> Value?
    ) -> Value {
        resolve(
            key, default: fallback, placeholder: placeholder, secret: secret, expectation: expectation, about: about,
            show: show
        ) { $0.text.flatMap(parse) }
    }

    func resolve<Value>(
        _ key: String, default fallback: Value?, placeholder: Value, secret: Bool = false, expectation: String,
        about: String, show: (Value) -> String, parse: (ConfigurationCandidate) -> Value?
    ) -> Value {
        let name = fullName(key)
        let candidates = candidates(for: name, key: key, secret: secret)
        var value = fallback ?? placeholder
        var origin = ConfigurationOrigin.builtIn
        if let chosen = candidates.first {
            origin = chosen.origin
            if let parsed = parse(chosen) {
                value = parsed
            } else if let found = chosen.found {
                let shown = secret ? "a secret that does not fit" : found
                reading.report(
                    "\(origin)", "\(name) is \(shown); it must be \(expectation)\(suggestion(fallback.map(show)))")
            }
        } else if fallback == nil {
            reading.report(location?.description ?? reading.fileName, missing(name, secret: secret, expectation))
        }
        let text = show(value)
        reading.record(
            ConfigurationKey(
                name: name, environmentName: environmentName(name), expectation: expectation,
                defaultText: fallback.map { secret ? mask(show($0)) : show($0) }, about: about, isSecret: secret,
                valueText: secret ? mask(text) : text, origin: origin,
                overridden: candidates.dropFirst().map(\.origin)))
        return value
    }

    /// A nested mapping. Absent is the same as empty.
    package func section(_ key: String) -> ConfigurationReader {
        let name = fullName(key)
        reading.declareContainer(name)
        let found = node?[key]
        if let found, found.entries == nil, !found.isNull {
            reading.report(found.location.description, "\(name) is \(found.kindName); it must be a mapping of keys")
        }
        return ConfigurationReader(reading: reading, path: name, node: found)
    }

    /// A list of mappings, each read by a reader of its own.
    package func sections(_ key: String, atMost maximum: Int = 1_024) -> [ConfigurationReader] {
        let name = fullName(key)
        reading.declareContainer(name)
        guard let found = node?[key], !found.isNull else { return [] }
        guard let items = found.items, items.count <= maximum else {
            let problem = found.items.map { "has \($0.count) entries; at most \(maximum) are allowed" }
            reading.report(
                found.location.description, "\(name) \(problem ?? "is \(found.kindName); it must be a list")")
            reading.ignoreInside(name)
            return []
        }
        return items.enumerated().compactMap { position, item in
            let path = "\(name)[\(position)]"
            reading.declareContainer(path)
            guard item.entries != nil else {
                reading.report(item.location.description, "\(path) is \(item.kindName); it must be a mapping of keys")
                return nil
            }
            return ConfigurationReader(reading: reading, path: path, node: item)
        }
    }

    /// The raw tree under a key, for a format of its own.
    package func node(_ key: String) -> YAMLNode? {
        reading.declareValue(fullName(key))
        return node?[key]
    }

    /// Reports what only the reader's caller can see, such as two keys that contradict each other. `reason` completes a
    /// sentence that begins with the key, and says the fix.
    package func report(_ reason: String, at key: String? = nil) {
        let place = key.flatMap { node?[$0]?.location } ?? location
        let name = key.map(fullName) ?? path
        reading.report(place?.description ?? reading.fileName, name.isEmpty ? reason : "\(name) \(reason)")
    }

    /// Reports what was not asked for, and returns every problem found.
    package func finish() -> [ConfigurationProblem] {
        reading.reportUnknown()
        return reading.problems
    }

    package var keys: [ConfigurationKey] { reading.keys }

    func environmentName(_ name: String) -> String? {
        name.contains("[") ? nil : reading.sources.environmentName(name)
    }

    private func mask(_ text: String) -> String { text.isEmpty ? "(not set)" : "(secret)" }

    private func suggestion(_ fallback: String?) -> String {
        guard let fallback, !fallback.isEmpty else { return "" }
        return " (the default is \(fallback))"
    }

    private func missing(_ name: String, secret: Bool, _ expectation: String) -> String {
        var ways = ["in the file"]
        if secret { ways.append("as \(name)_file naming a file that holds it") }
        if let variable = environmentName(name) {
            ways.append("or as \(variable)\(secret ? "[_FILE]" : "") in the environment")
        }
        return "\(name) is required and not set; give it \(expectation), \(ways.joined(separator: ", "))"
    }
}
