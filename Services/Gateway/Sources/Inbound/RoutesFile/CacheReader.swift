import Core
import ServiceKit

/// `cache: true`, or a mapping:
///
///     cache: { largest: 1MiB, fresh_for: 60s, stale_while_revalidate: 30s, stale_if_error: 1h,
///              key_headers: [X-Tenant], cookies: remove, coalesce: true }
enum CacheReader {
    private static let mostKeyFields = 8
    private static let longest = Duration.seconds(31_536_000)

    static func read(_ section: FileSection, isAnsweredHere: Bool) -> CachePolicy? {
        guard let node = section["cache"] else { return nil }
        if isAnsweredHere {
            section.report("the route answers by itself, and there is nothing to store; remove cache", at: "cache")
        }
        guard node.entries != nil else { return section.flag("cache") == true ? CachePolicy() : nil }
        let own = FileSection(node, "cache", section.problems)
        var policy = CachePolicy()
        if let largest = own.size("largest", in: ByteCount(1_024) ... .mebibytes(64)) { policy.largestAnswer = largest }
        policy.freshFor = own.duration("fresh_for", in: .seconds(1)...longest)
        if let time = own.duration("stale_while_revalidate", in: .zero...longest) { policy.staleWhileRevalidate = time }
        if let time = own.duration("stale_if_error", in: .zero...longest) { policy.staleIfError = time }
        if own.has("key_headers") { policy.keyFields = keyFields(own) }
        if let cookies = own.choice("cookies", CachePolicy.Cookies.self) { policy.cookies = cookies }
        if let coalesces = own.flag("coalesce") { policy.coalesces = coalesces }
        own.end()
        return policy
    }

    private static func keyFields(_ section: FileSection) -> [String] {
        let names = section.texts("key_headers", upTo: mostKeyFields).map { $0.lowercased() }
        for name in names where CacheFields.cookies.contains(name) || name == "authorization" {
            section.report(
                "\(quoted(name)) says who somebody is: an answer for one person does not belong into a shared cache",
                at: "key_headers")
        }
        for name in names where CacheFields.conditions.contains(name) || ReservedFields.contains(name) {
            section.report("\(quoted(name)) is not the client's word about what it wants; remove it", at: "key_headers")
        }
        return names
    }
}
