import Core
import HTTP
import ServiceKit

/// What happens to requests of a route on their way to the upstream, and to its answers on their way back.
enum FilterReader {
    static func read(_ section: FileSection, _ route: inout Route) {
        route.rewrite = rewrite(section, route.path)
        route.upstreamHost = upstreamHost(section)
        route.requestFields = edits(section, "request_headers")
        route.responseFields = edits(section, "response_headers")
        route.protection = protection(section)
        route.compression = compression(section)
        route.hiddenLinks = hiddenLinks(section)
        route.tellsTiming = section.flag("server_timing") ?? false
        route.cache = CacheReader.read(section, isAnsweredHere: route.answer != nil)
    }

    // MARK: The request

    /// `strip_prefix: true`, `rewrite_prefix: /v2`, or `rewrite: /accounts/{id}{rest}`.
    private static func rewrite(_ section: FileSection, _ path: RoutePattern) -> PathTemplate? {
        let given = ["strip_prefix", "rewrite_prefix", "rewrite"].filter { section.has($0) }
        if given.count > 1 {
            section.report("the path is rewritten in one way; keep one of \(given.joined(separator: ", "))")
        }
        if section.flag("strip_prefix") == true { return PathTemplate.rest }
        if let prefix = section.text("rewrite_prefix") {
            if !prefix.hasPrefix("/") || prefix.contains(where: { "{}?#".contains($0) }) {
                section.report("rewrite_prefix has to be a path such as /v2", at: "rewrite_prefix")
            }
            return PathTemplate(prefix: prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix)
        }
        let template = AnswerReader.template(section, "rewrite", path, PathTemplate.forPaths)
        if let template, !template.text.hasPrefix("/") || template.text.contains(where: { "?#".contains($0) }) {
            section.report("rewrite has to begin with / and hold no query; the query is kept as it is", at: "rewrite")
        }
        return template
    }

    private static func upstreamHost(_ section: FileSection) -> String? {
        guard let host = section.text("upstream_host", upTo: 255) else { return nil }
        if HTTPEndpoint("http://" + host) == nil {
            section.report("upstream_host is \(quoted(host)); write a name, or name:port", at: "upstream_host")
        }
        return host
    }

    /// `{ set: { X-A: one }, add: { X-B: two }, remove: [X-C] }`
    private static func edits(_ section: FileSection, _ key: String) -> FieldEdits {
        var edits = FieldEdits()
        guard let node = section.section(key) else { return edits }
        edits.set = fields(node, "set")
        edits.added = fields(node, "add")
        edits.removed = node.texts("remove")
        for name in edits.removed { check(name, node, "remove") }
        node.end()
        return edits
    }

    private static func fields(_ section: FileSection, _ key: String) -> [FieldEdits.Field] {
        guard let node = section[key] else { return [] }
        let entries = node.entries ?? []
        if entries.isEmpty || entries.count > 64 {
            section.report("\(key) has to be a mapping of names to texts", at: key)
        }
        return entries.compactMap { entry in
            check(entry.key, section, key)
            guard let value = entry.value.text, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
                value.utf8.count <= 4_096
            else {
                section.problems.report(
                    entry.value.location, "\(quoted(entry.key)) has to be a text of one line, up to 4096 bytes")
                return nil
            }
            return FieldEdits.Field(entry.key, value)
        }
    }

    private static func isToken(_ name: String) -> Bool {
        name.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 | 0x20 &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains($0) }
            && !name.isEmpty && name.utf8.count <= 256
    }

    private static func check(_ name: String, _ section: FileSection, _ key: String) {
        if isToken(name), !ReservedFields.contains(name) { return }
        let reason =
            isToken(name)
            ? "frames the message, or is the gateway's own word; no route may change it" : "is no name of a field"
        section.report("\(quoted(name)) \(reason)", at: key)
    }

    // MARK: The answer

    /// `security_headers: true`, or a mapping that replaces (a text) or leaves out (false) some of the defaults.
    private static func protection(_ section: FileSection) -> [ProtectiveField] {
        guard let node = section["security_headers"] else { return [] }
        let defaults = ProtectiveField.defaults
        guard node.entries != nil else { return section.flag("security_headers") == true ? defaults.map(\.field) : [] }
        let own = FileSection(node, "security_headers", section.problems)
        let fields = defaults.compactMap { key, field -> ProtectiveField? in
            guard let value = own[key] else { return field }
            if let isWanted = value.boolean { return isWanted ? field : nil }
            guard let text = own.text(key, upTo: 4_096) else { return nil }
            if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
                own.report("\(key) has to be one line", at: key)
            }
            return ProtectiveField(field.name, text, replaces: true, onlySecure: field.onlySecure)
        }
        own.end()
        return fields
    }

    /// `compression: true`, or a mapping.
    private static func compression(_ section: FileSection) -> CompressionPolicy? {
        guard let node = section["compression"] else { return nil }
        guard node.entries != nil else { return section.flag("compression") == true ? CompressionPolicy() : nil }
        let own = FileSection(node, "compression", section.problems)
        var policy = CompressionPolicy()
        if let minimum = own.size("minimum", in: ByteCount(0) ... .mebibytes(16)) { policy.minimum = minimum }
        if let level = own.integer("gzip_level", in: 1...9) { policy.gzipLevel = level }
        if let level = own.integer("brotli_level", in: 0...9) { policy.brotliLevel = level }
        if own.has("types") { policy.types = own.texts("types").map { $0.lowercased() } }
        if own.has("codings") {
            let names = own.texts("codings")
            policy.codings = names.compactMap { ContentCoding(rawValue: $0 == "brotli" ? "br" : $0) }
            if policy.codings.count != names.count { own.report("codings are brotli and gzip", at: "codings") }
        }
        own.end()
        return policy
    }

    /// `labyrinth_links: /archive/`: the links lead below that path.
    private static func hiddenLinks(_ section: FileSection) -> HiddenLinks? {
        guard let below = section.text("labyrinth_links", upTo: 128) else { return nil }
        let isPath =
            below.hasPrefix("/") && below.hasSuffix("/") && below.utf8.count > 2 && RequestPath(below)?.text == below
            && below.utf8.allSatisfy { $0 | 0x20 &- 0x61 < 26 || $0 &- 0x2d < 13 || $0 == 0x5f }
        guard isPath else {
            section.report(
                "labyrinth_links has to be a path of letters, digits, - and _ that nothing else uses, such as /archive/",
                at: "labyrinth_links")
            return nil
        }
        return HiddenLinks(below: below)
    }
}
