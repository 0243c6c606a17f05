import HTTP
import ServiceKit

/// What a route answers by itself: `redirect: { to: "https://{host}{path}{query}", status: 308 }` or
/// `respond: { status: 410, body: "Gone for good." }`.
enum AnswerReader {
    private static let redirects = [301, 302, 303, 307, 308]
    private static let longestBody = 64 << 10

    static func read(_ section: FileSection, _ path: RoutePattern) -> RouteAnswer? {
        let answers = [redirect(section, path), fixed(section)].compactMap { $0 }
        if answers.count > 1 { section.report("a route has one answer; remove redirect or respond") }
        return answers.first
    }

    private static func redirect(_ section: FileSection, _ path: RoutePattern) -> RouteAnswer? {
        guard let node = section["redirect"] else { return nil }
        guard node.entries != nil else {
            return .redirect(status: 308, to: target(section, "redirect", path) ?? PathTemplate.path)
        }
        let redirect = FileSection(node, "redirect", section.problems)
        let status = redirect.integer("status", in: 300...399) ?? 308
        if !redirects.contains(status) {
            redirect.report(
                "status has to be one of \(redirects.map(String.init).joined(separator: ", "))", at: "status")
        }
        let target = target(redirect, "to", path)
        if target == nil && !redirect.has("to") {
            redirect.report("the redirect has no target; write to: \"https://{host}{path}{query}\"")
        }
        redirect.end()
        return .redirect(status: status, to: target ?? PathTemplate.path)
    }

    private static func target(_ section: FileSection, _ key: String, _ path: RoutePattern) -> PathTemplate? {
        guard let template = template(section, key, path, PathTemplate.forTargets) else { return nil }
        if !template.isSafeTarget {
            section.report(
                "\(key) has to begin with /, or with http:// or https:// and a host that no part of the path stands in",
                at: key)
        }
        return template
    }

    private static func fixed(_ section: FileSection) -> RouteAnswer? {
        guard let respond = section.section("respond") else { return nil }
        let status = respond.integer("status", in: 200...599) ?? 200
        let type = respond.text("content_type") ?? "text/plain; charset=utf-8"
        let body = respond.text("body", upTo: longestBody) ?? ""
        if !body.isEmpty && HTTPStatus(status).forbidsBody {
            respond.report("an answer of status \(status) has no body; remove body", at: "body")
        }
        respond.end()
        return .fixed(status: status, contentType: type, body: Array(body.utf8))
    }

    static func template(
        _ section: FileSection, _ key: String, _ path: RoutePattern, _ pieces: Set<String>
    ) -> PathTemplate? {
        guard let text = section.text(key) else { return nil }
        do {
            return try PathTemplate(text, for: path, pieces: pieces)
        } catch {
            let names = (path.parameters + pieces.sorted()).map { "{\($0)}" }.joined(separator: ", ")
            section.report("\(key) holds \(quoted(error.name)), which stands for nothing here; use \(names)", at: key)
            return nil
        }
    }
}
