import Core
import HTTP
import JSON
import Reactor
import TLS
import Telemetry

/// Asks an external captcha's server whether an answer is good. Whatever goes wrong on the way means no.
final class CaptchaVerifier: Sendable {
    private static let largestAnswer = 64 << 10

    let settings: CaptchaSettings
    private let client: HTTPClient
    private let log: Logger

    init(_ settings: CaptchaSettings, group: ReactorGroup, log: Logger) throws(GatewayFailure) {
        self.settings = settings
        self.log = log
        var configuration = HTTPClientConfiguration()
        configuration.maximumConnectionsPerEndpoint = 32
        if settings.endpoint.isSecure {
            do throws(TLSFailure) {
                configuration.tls = try TLSClientContext(TLSClientConfiguration(caFile: settings.caFile))
            } catch {
                throw .captcha("\(error)")
            }
        }
        client = HTTPClient(configuration, group: group)
    }

    func accepts(_ answer: String, from address: IPAddress) async -> Bool {
        guard !answer.isEmpty, answer.utf8.count <= 8_192 else { return false }
        let fields = [
            ("secret", settings.secret), ("response", answer), ("remoteip", address.description),
            ("sitekey", settings.siteKey),
        ]
        let form = fields.map { "\($0)=\(PercentEncoding.encode($1.utf8))" }.joined(separator: "&")
        let request = HTTPClientRequest(
            .post, settings.path,
            headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"],
            body: .bytes(Array(form.utf8)))
        do {
            let response = try await client.send(request, to: settings.endpoint, deadline: .after(settings.timeout))
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            guard response.status == .ok else { throw HTTPFailure.misused("the status is \(response.status.code)") }
            return try JSONValue(parsing: body)["success"]?.boolValue == true
        } catch {
            log.error("the captcha's server did not verify an answer", ["error": .error(error)])
            return false
        }
    }

    func stop() async { await client.stop() }
}
