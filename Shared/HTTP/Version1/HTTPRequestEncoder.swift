/// Writes request heads. Host and framing are the client's own; whatever stands under their names is left out.
enum HTTPRequestEncoder {
    private static let ownFields: HTTPFieldNames = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "upgrade",
    ]

    static func head(_ request: HTTPClientRequest, host: String) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(1_024 + request.target.count)
        HTTPResponseEncoder.append(request.method.description, to: &output)
        output.append(HTTPSyntax.space)
        append(target: request.target, to: &output)
        HTTPResponseEncoder.append(" HTTP/1.1\r\nHost: ", to: &output)
        HTTPResponseEncoder.append(host, to: &output)
        HTTPResponseEncoder.append("\r\n", to: &output)
        request.headers.write(to: &output, except: ownFields)
        if let upgrade = request.upgrade {
            HTTPResponseEncoder.append("Connection: Upgrade\r\nUpgrade: \(upgrade)\r\n", to: &output)
        }
        appendFraming(request, to: &output)
        HTTPResponseEncoder.append("\r\n", to: &output)
        return output
    }

    /// What cannot stand in a target would end the line or more: it is replaced.
    private static func append(target: [UInt8], to output: inout [UInt8]) {
        if HTTPSyntax.endOfTarget(in: target.span, target.indices) == target.count {
            output.append(contentsOf: target)
        } else {
            for byte in target { output.append(HTTPSyntax.isTarget(byte) ? byte : UInt8(ascii: "?")) }
        }
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
