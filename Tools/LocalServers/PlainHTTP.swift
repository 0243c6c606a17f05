/// One HTTP/1.1 request on one connection to 127.0.0.1, on plain blocking sockets: what the tools ask our servers with,
/// independent of our own client so that the two cannot share a mistake.
internal import Glibc

package struct PlainHTTPResponse: Sendable {
    package var status: Int
    /// Names in lower case, in the order they came.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package var text: String { String(decoding: body, as: UTF8.self) }
    package subscript(header: String) -> String? { headers.first { $0.name == header.lowercased() }?.value }
}

package enum PlainHTTP {
    /// nil when nobody listens, the peer hangs up early, or the answer is no HTTP.
    package static func send(
        _ method: String = "GET", _ target: String, port: Int, host: String? = nil,
        headers: [(String, String)] = [], body: [UInt8] = [], from source: String? = nil,
        timeout: Duration = .seconds(10)
    ) -> PlainHTTPResponse? {
        guard let descriptor = LoopbackSocket.connect(port: port, from: source, timeout: timeout) else { return nil }
        defer { close(descriptor) }
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host ?? "localhost:\(port)")\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        guard LoopbackSocket.send(Array((head + "\r\n").utf8) + body, on: descriptor) else { return nil }
        var answer: [UInt8] = []
        while let bytes = LoopbackSocket.receive(upTo: 65_536, on: descriptor), !bytes.isEmpty {
            answer += bytes
        }
        return PlainHTTPResponse.parse(answer)
    }
}

extension PlainHTTPResponse {
    /// A whole answer as it came over a connection that was then closed.
    package static func parse(_ bytes: [UInt8]) -> PlainHTTPResponse? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let rest = Array(bytes[end.upperBound...])
        if status == 100 { return parse(rest) }
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        var response = PlainHTTPResponse(status: status, headers: headers, body: rest)
        if response["transfer-encoding"]?.lowercased() == "chunked" { response.body = joinChunks(rest) ?? rest }
        return response
    }

    private static func joinChunks(_ bytes: [UInt8]) -> [UInt8]? {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let end = rest.firstRange(of: [13, 10]) {
            let size = String(decoding: rest[..<end.lowerBound], as: UTF8.self).prefix { $0 != ";" }
            guard let count = Int(size, radix: 16), count >= 0, rest.endIndex - end.upperBound >= count else {
                return nil
            }
            if count == 0 { return body }
            body += rest[end.upperBound..<end.upperBound + count]
            rest = rest[(end.upperBound + count)...].dropFirst(2)
        }
        return nil
    }
}
