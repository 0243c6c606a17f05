import Core
import HTTP
import JSON

/// `/explain` of the administration port. `GET /explain?method=GET&host=shop.example&target=/cart%3Fid=1&header=A:b`, or
/// POST with `{"method":…, "host":…, "target":…, "headers":{…}, "body":…, "client":…}`. JSON, or text for who asks for
/// `text/plain`.
enum ExplainRoute {
    private static let longestQuestion = 1 << 20

    static func request(_ request: HTTPServerRequest) async throws -> ExplainedRequest {
        guard request.head.method == .post else { return try read(query: request.head.query ?? "") }
        let bytes = try await request.body.collect(upTo: longestQuestion)
        guard let question = try? JSONValue(parsing: bytes), question.objectValue != nil else {
            throw Failure(.invalid, "The question has to be a JSON object with method, host, target, headers and body.")
        }
        return try read(question)
    }

    private static func read(_ question: JSONValue) throws(Failure) -> ExplainedRequest {
        var request = ExplainedRequest()
        for (key, value) in question.objectValue?.members ?? [] {
            if key == "headers", let fields = value.objectValue {
                for (name, field) in fields.members { request.headers.add(name, field.stringValue ?? "") }
            } else if let text = value.stringValue {
                try set(key, text, &request)
            } else {
                throw Failure(.invalid, "\(key) has to be a text.")
            }
        }
        return try checked(request)
    }

    private static func read(query: String) throws(Failure) -> ExplainedRequest {
        var request = ExplainedRequest()
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? PercentEncoding.decode(parts[1].replacing("+", with: "%20")) : nil
            guard let value else { throw Failure(.invalid, "\(parts[0]) has no value that can be read.") }
            try set(String(parts[0]), value, &request)
        }
        return try checked(request)
    }

    private static func set(_ key: String, _ value: String, _ request: inout ExplainedRequest) throws(Failure) {
        switch key {
        case "method": request.method = value.uppercased()
        case "host": request.host = value
        case "target", "path": request.target = value
        case "body": request.body = Array(value.utf8)
        case "header":
            guard let colon = value.firstIndex(of: ":") else {
                throw Failure(.invalid, "A header is written as name:value.")
            }
            request.headers.add(
                String(value[..<colon]), String(value[value.index(after: colon)...].drop { $0 == " " }))
        case "client":
            guard let address = IPAddress(value) else { throw Failure(.invalid, "client has to be an IP address.") }
            request.client = address
        default:
            throw Failure(
                .invalid, "\(key) is not known here; use method, host, target, header (headers), body, client.")
        }
    }

    private static func checked(_ request: ExplainedRequest) throws(Failure) -> ExplainedRequest {
        guard request.target.hasPrefix("/"), request.target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw Failure(.invalid, "target has to begin with / and hold no spaces; escape them as %20.")
        }
        return request
    }
}
