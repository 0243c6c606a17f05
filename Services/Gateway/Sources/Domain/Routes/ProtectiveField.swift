/// A field that tells browsers what a page may do. Of those a route turns on by default, what the upstream says itself
/// stays; what the file spells out replaces it.
package struct ProtectiveField: Sendable, Equatable {
    package var name: String
    package var value: String
    package var replaces: Bool
    /// Strict-Transport-Security means nothing, and must not be sent, over plain HTTP (RFC 6797 §7.2).
    package var onlySecure: Bool

    package init(_ name: String, _ value: String, replaces: Bool = false, onlySecure: Bool = false) {
        (self.name, self.value, self.replaces, self.onlySecure) = (name, value, replaces, onlySecure)
    }

    /// By the key of the routes file. Each is one that ordinary pages work with.
    package static let defaults: [(key: String, field: ProtectiveField)] = [
        (
            "content_security_policy",
            ProtectiveField("Content-Security-Policy", "base-uri 'self'; object-src 'none'; frame-ancestors 'self'")
        ),
        (
            "strict_transport_security",
            ProtectiveField("Strict-Transport-Security", "max-age=31536000", onlySecure: true)
        ),
        ("frame_options", ProtectiveField("X-Frame-Options", "SAMEORIGIN")),
        ("referrer_policy", ProtectiveField("Referrer-Policy", "strict-origin-when-cross-origin")),
        ("permissions_policy", ProtectiveField("Permissions-Policy", "camera=(), geolocation=(), microphone=()")),
        ("cross_origin_opener_policy", ProtectiveField("Cross-Origin-Opener-Policy", "same-origin-allow-popups")),
    ]
}
