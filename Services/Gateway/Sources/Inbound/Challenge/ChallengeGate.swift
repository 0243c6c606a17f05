import Contracts
import Core
import HTTP
import Synchronization
import Telemetry

/// Asks clients for a proof, takes proofs, and knows passes. Without a secret nothing can be asked for and nobody passes.
final class ChallengeGate: Sendable {
    struct Settings: Sendable {
        /// Nil: nothing can be signed, so what asks for a proof refuses.
        var secret: ChallengeSecret?
        var difficulty = 16
        var passLifetime = Duration.seconds(3_600)
        var captcha: CaptchaSettings?
    }

    private static let largestProof = 16 << 10

    let settings: Settings
    private let captcha: CaptchaVerifier?
    private let metrics: GatewayMetrics
    private let spent = Mutex(SpentPuzzles())

    init(_ settings: Settings, captcha: CaptchaVerifier?, metrics: GatewayMetrics) {
        (self.settings, self.captcha, self.metrics) = (settings, captcha, metrics)
    }

    /// Whether the client shows a pass for what `scope` asks for.
    func hasPassed(
        _ request: HTTPServerRequest, _ exchange: Exchange, scope: String, purpose: ChallengeSecret.Purpose = .pass
    ) -> Bool {
        guard let secret = settings.secret else { return false }
        let name = ChallengePass.cookieName(of: scope)
        let binding = binding(request, exchange, scope)
        return request.head.headers.cookies(named: name).prefix(4).contains {
            ChallengePass.isValid($0, purpose, for: binding, now: .now, secret)
        }
    }

    /// The cookie with such a pass, for who has done what was asked.
    func pass(
        _ request: HTTPServerRequest, _ exchange: Exchange, scope: String, purpose: ChallengeSecret.Purpose = .pass
    ) -> String? {
        guard let secret = settings.secret else { return nil }
        let pass = ChallengePass.make(
            purpose, for: binding(request, exchange, scope), lifetime: settings.passLifetime, now: .now, secret)
        let name = ChallengePass.cookieName(of: scope)
        let attributes = "Path=/; Max-Age=\(settings.passLifetime.components.seconds); HttpOnly; SameSite=Lax"
        return "\(name)=\(pass); \(attributes)\(request.isSecure ? "; Secure" : "")"
    }

    private func binding(_ request: HTTPServerRequest, _ exchange: Exchange, _ scope: String) -> ChallengeBinding {
        ChallengeBinding(
            client: exchange.client, userAgent: request.head.headers.valueBytes(of: "user-agent"), scope: scope)
    }

    // MARK: Asking

    func ask(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, scope: String
    ) async throws {
        try await ask(request, response, exchange, scope: scope, back: Self.target(of: request), because: nil)
    }

    private func ask(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, scope: String,
        back: String, because refusal: ChallengeRefusal?
    ) async throws {
        guard let secret = settings.secret else {
            metrics.challenges["unavailable"].increment()
            return try await BlockPage.respond(
                .forbidden, "This request needs a proof that cannot be asked for here.", to: request, response,
                requestID: exchange.idText)
        }
        metrics.challenges[refusal == nil ? "asked" : "refused"].increment()
        let puzzle = Puzzle.make(
            for: binding(request, exchange, scope), difficulty: captcha == nil ? settings.difficulty : 0, now: .now,
            secret)
        let question = ChallengePage.Question(
            puzzle: puzzle, scope: scope, back: back, requestID: exchange.idText, refusal: refusal,
            captcha: settings.captcha)
        var headers = ChallengePage.headers(settings.captcha)
        headers.add("X-Request-Id", exchange.idText)
        if request.head.headers["accept"]?.contains("text/html") == true {
            headers.add("Content-Type", "text/html; charset=utf-8")
            try await response.respond(.forbidden, headers: headers, body: Array(ChallengePage.html(question).utf8))
        } else {
            headers.add("Content-Type", Problem.contentType)
            try await response.respond(.forbidden, headers: headers, body: ChallengePage.problem(question))
        }
    }

    /// Where a solved puzzle leads back to: only within this site, and only to what may be asked for again.
    private static func target(of request: HTTPServerRequest) -> String {
        request.head.method.isSafe ? safe(request.head.target) : "/"
    }

    private static func safe(_ target: String) -> String {
        let bytes = Array(target.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.count <= 2_048,
            bytes.count < 2 || (bytes[1] != UInt8(ascii: "/") && bytes[1] != UInt8(ascii: "\\")),
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return "/" }
        return target
    }

    // MARK: Proofs

    /// A form with puzzle, scope, number and back.
    func take(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        exchange.outcome = .challenged
        let body = try await request.body.collect(upTo: Self.largestProof)
        let fields = PercentEncoding.query(String(decoding: body, as: UTF8.self)) ?? []
        func field(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }
        let (scope, back) = (field("scope"), Self.safe(field("back")))
        do throws(ChallengeRefusal) {
            try check(request, exchange, scope: scope, puzzle: field("puzzle"), number: field("number"))
        } catch {
            return try await ask(request, response, exchange, scope: scope, back: back, because: error)
        }
        if let captcha, await !captcha.accepts(field(captcha.settings.responseField), from: exchange.client) {
            return try await ask(request, response, exchange, scope: scope, back: back, because: .notVerified)
        }
        try await accept(request, response, exchange, scope: scope, back: back)
    }

    private func check(
        _ request: HTTPServerRequest, _ exchange: Exchange, scope: String, puzzle: String, number: String
    ) throws(ChallengeRefusal) {
        guard let secret = settings.secret, scope.utf8.count <= 512 else { throw .malformed }
        // One without difficulty was made where a captcha asks: where none does it proves nothing.
        let code = try Puzzle.check(
            puzzle, solvedBy: number, for: binding(request, exchange, scope), now: .now, secret,
            atLeast: captcha == nil ? 1 : 0)
        try spent.withLock { spent throws(ChallengeRefusal) in try spent.spend(code, now: .now) }
    }

    private func accept(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, scope: String, back: String
    ) async throws {
        metrics.challenges["solved"].increment()
        var headers: HTTPHeaders = ["X-Request-Id": exchange.idText, "Cache-Control": "no-store"]
        if let cookie = pass(request, exchange, scope: scope) { headers.add("Set-Cookie", cookie) }
        guard request.head.headers["accept"]?.contains("text/html") == true else {
            return try await response.respond(.noContent, headers: headers)
        }
        headers.add("Location", back)
        try await response.respond(.seeOther, headers: headers)
    }
}

extension HTTPHeaders {
    /// Every value a cookie of that name has.
    func cookies(named name: String) -> [Substring] {
        values(of: "cookie").flatMap { field in
            // Copied out of the field's text, which ends with this closure.
            field.split(separator: ";").compactMap { pair in
                let parts = pair.drop { $0 == " " }.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 && parts[0] == name ? parts[1] : nil
            }
        }
    }
}
