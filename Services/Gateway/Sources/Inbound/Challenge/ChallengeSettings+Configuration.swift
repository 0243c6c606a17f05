import Core
import HTTP
import ServiceKit

extension ChallengeGate.Settings {
    init(from reader: ConfigurationReader) {
        self.init()
        secret = Self.secret(reader)
        difficulty = reader.integer(
            "difficulty", default: 16, in: Puzzle.difficulties,
            about: "zero bits of the sum a browser works on; one more doubles the work (16: a fraction of a second)")
        passLifetime = reader.duration(
            "pass_lifetime", default: .seconds(3_600), in: .seconds(60) ... .seconds(86_400),
            about: "how long a proof counts")
        captcha = Self.captcha(reader.section("captcha"))
    }

    private static func secret(_ reader: ConfigurationReader) -> ChallengeSecret? {
        let current = key(
            reader, "key",
            "signs what clients prove, the same on every replica, 32 bytes or more; without it a challenge "
                + "refuses")
        let previous = key(reader, "previous_key", "what key was before; still accepted")
        return current.map { ChallengeSecret($0, previous: previous) }
    }

    private static func key(_ reader: ConfigurationReader, _ name: String, _ about: String) -> [UInt8]? {
        guard let text = reader.optionalString(name, secret: true, about: about) else { return nil }
        guard text.utf8.count >= ChallengeSecret.shortest else {
            reader.report(
                "is shorter than \(ChallengeSecret.shortest) bytes; make one with: openssl rand -base64 32", at: name)
            return nil
        }
        return Array(text.utf8)
    }

    private static func captcha(_ reader: ConfigurationReader) -> CaptchaSettings? {
        let url = reader.optionalString(
            "verify_url", about: "where an external captcha's answers are verified; without it browsers do a sum")
        let siteKey = reader.string("site_key", default: "", about: "what the captcha knows this site by")
        let secret = reader.string("secret", default: "", secret: true, about: "what it knows this gateway by")
        let script = reader.string("script", default: "", about: "the widget's script, an https:// address")
        let origins = reader.list("origins", about: "from where else the widget loads, such as https://*.hcaptcha.com")
        let widget = reader.string("widget_class", default: "h-captcha", about: "the class of the widget's element")
        let field = reader.string(
            "response_field", default: "h-captcha-response", about: "the form's field with the answer")
        let timeout = reader.duration("timeout", default: .seconds(5), in: .milliseconds(100) ... .seconds(30))
        let caFile = reader.optionalString("ca", about: "whom the server's certificate has to come from")
        guard let url else { return nil }
        guard let (endpoint, path) = CaptchaSettings.split(url) else {
            reader.report("is no address like https://api.hcaptcha.com/siteverify", at: "verify_url")
            return nil
        }
        for (key, value) in [("site_key", siteKey), ("secret", secret), ("script", script)] where value.isEmpty {
            reader.report("is needed beside verify_url", at: key)
        }
        let isPlain = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x3b && $0 != 0x2c } }
        for (key, value) in [("script", script)] + origins.map({ ("origins", $0) }) where !isPlain(value) {
            reader.report("holds what cannot stand in Content-Security-Policy; write addresses without blanks", at: key)
        }
        return CaptchaSettings(
            endpoint: endpoint, path: path, siteKey: siteKey, secret: secret, script: script,
            origins: [CaptchaSettings.origin(script)] + origins, widgetClass: widget, responseField: field,
            timeout: timeout, caFile: caFile)
    }
}
