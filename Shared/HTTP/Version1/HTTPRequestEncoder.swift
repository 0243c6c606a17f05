/// Writes request heads. Host and framing are the client's own; whatever stands under their names is left out.
enum HTTPRequestEncoder {
    private static let ownFields = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "upgrade",
    ]

    static func head(_ request: HTTPClientRequest, host: String) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512 + request.target.count)
        HTTPResponseEncoder.append(request.method.description, to: &output)
        output.append(HTTPSyntax.space)
        for byte in request.target { output.append(HTTPSyntax.isTarget(byte) ? byte : UInt8(ascii: "?")) }
        HTTPResponseEncoder.append(" HTTP/1.1\r\nHost: ", to: &output)
        HTTPResponseEncoder.append(request.host ?? host, to: &output)
        HTTPResponseEncoder.append("\r\n", to: &output)
        for index in 0..<request.headers.count where !isOwn(index, of: request.headers) {
            request.headers.write(at: index, to: &output)
        }
        if let upgrade = request.upgrade {
            HTTPResponseEncoder.append("Connection: Upgrade\r\nUpgrade: \(upgrade)\r\n", to: &output)
        }
        appendFraming(request, to: &output)
        HTTPResponseEncoder.append("\r\n", to: &output)
        return output
    }

    private static func isOwn(_ index: Int, of headers: HTTPHeaders) -> Bool {
        ownFields.contains { headers.isName($0, at: index) }
    }

    /// RFC 9110 §8.6: a method that means a body says so even when there is none.
    private static func appendFraming(_ request: HTTPClientRequest, to output: inout [UInt8]) {
        switch request.body {
        case .none:
            if [.post, .put, .patch].contains(request.method) { HTTPResponseEncoder.appendLength(0, to: &output) }
        case .bytes(let body):
            HTTPResponseEncoder.appendLength(body.count, to: &output)
        case .stream(let body):
            if let length = body.length {
                HTTPResponseEncoder.appendLength(length, to: &output)
            } else {
                HTTPResponseEncoder.append("Transfer-Encoding: chunked\r\n", to: &output)
            }
        }
    }
}
