internal import Core

/// One source's answer for a key. `text` is nil when there is an answer that cannot be a single value; `found` is nil
/// when what is wrong with it has been reported already.
struct ConfigurationCandidate {
    var text: String?
    /// The texts of a list.
    var items: [String]?
    let found: String?
    let origin: ConfigurationOrigin
}

extension ConfigurationReader {
    /// Every source that answers for a key, the one that counts first.
    func candidates(for name: String, key: String, secret: Bool) -> [ConfigurationCandidate] {
        reading.declareValue(name)
        if secret { reading.declareValue(name + "_file") }
        return environmentCandidates(name) + fileCandidates(name, key: key, secret: secret)
    }

    private func environmentCandidates(_ name: String) -> [ConfigurationCandidate] {
        guard let variable = environmentName(name) else { return [] }
        let direct = reading.sources.environment[variable]
        let path = reading.sources.environment[variable + "_FILE"]
        if direct != nil, path != nil {
            reading.report("environment \(variable)", "\(variable)_FILE is set as well; unset one of the two")
        }
        if let direct { return [present(direct, .environment(variable))] }
        return path.map { [secretFile($0, namedBy: .environment(variable + "_FILE"))] } ?? []
    }

    private func fileCandidates(_ name: String, key: String, secret: Bool) -> [ConfigurationCandidate] {
        let direct = node?[key].map { inFile($0, name) }
        let named = secret ? node?[key + "_file"] : nil
        if direct != nil, let named {
            reading.report(named.location.description, "\(name)_file is set beside \(name); keep one of the two")
        }
        if let direct { return [direct] }
        guard let named else { return [] }
        guard let path = named.text else {
            reading.report(
                named.location.description, "\(name)_file is \(named.kindName); it must be the path of a file")
            return [ConfigurationCandidate(found: nil, origin: .file(named.location))]
        }
        return [secretFile(path, namedBy: .file(named.location))]
    }

    private func inFile(_ node: YAMLNode, _ name: String) -> ConfigurationCandidate {
        if let text = node.text { return present(text, .file(node.location)) }
        let texts = node.items?.compactMap(\.text)
        return ConfigurationCandidate(
            items: texts?.count == node.items?.count ? texts : nil, found: node.kindName, origin: .file(node.location))
    }

    private func present(_ text: String, _ origin: ConfigurationOrigin) -> ConfigurationCandidate {
        ConfigurationCandidate(text: text, found: quoted(text), origin: origin)
    }

    /// One newline at the end is what editors and `echo` leave behind; it is not part of the secret.
    private func secretFile(_ path: String, namedBy origin: ConfigurationOrigin) -> ConfigurationCandidate {
        let place = ConfigurationOrigin.secretFile(path: path, namedBy: origin)
        do {
            let bytes = try reading.sources.readFile(path)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileFailure(reason: "it is not UTF-8 text")
            }
            return present(text.hasSuffix("\n") ? String(text.dropLast()) : text, place)
        } catch {
            reading.report(origin.description, "the file \(quoted(path)) cannot be used: \(error)")
            return ConfigurationCandidate(found: nil, origin: place)
        }
    }
}
