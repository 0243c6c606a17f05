import HTTP

/// An external question instead of the sum, of the kind that hCaptcha and Turnstile ask: a widget in the page, and a server
/// that says whether an answer is good.
struct CaptchaSettings: Sendable {
    /// Where answers are verified, and the path there.
    var endpoint: HTTPEndpoint
    var path: String
    var siteKey: String
    var secret: String
    /// What the page loads, and from where the widget may load more.
    var script: String
    var origins: [String]
    var widgetClass: String
    /// The form's field that holds the answer.
    var responseField: String
    var timeout: Duration
    /// Whom the verifying server's certificate has to come from; the system's store when nil.
    var caFile: String?

    /// The endpoint and path of `https://host/path`.
    static func split(_ url: String) -> (HTTPEndpoint, path: String)? {
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), let scheme = url.firstRange(of: "://"),
            let slash = url[scheme.upperBound...].firstIndex(of: "/"),
            let endpoint = HTTPEndpoint(url[..<slash]), !url.contains("?"), !url.contains("#")
        else { return nil }
        return (endpoint, String(url[slash...]))
    }

    /// `https://host` of a URL.
    static func origin(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let host = url[scheme.upperBound...].prefix { $0 != "/" }
        return String(url[..<scheme.upperBound]) + host
    }
}
