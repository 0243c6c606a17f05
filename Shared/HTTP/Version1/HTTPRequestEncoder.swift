internal import Core

/// Writes request heads. Host and framing are the client's own; whatever stands under their names is left out.
enum HTTPRequestEncoder {
    private static let ownFields: HTTPFieldNames = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "upgrade",
    ]

    /// Nobody is told of a deadline that never comes.
    static func append(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, timeLeft: Duration?, _ output: inout [UInt8]
    ) {
        output.append(text: request.method.description)
        output.append(HTTPSyntax.space)
        append(target: request.target, to: &output)
        output.append(contentsOf: afterTarget)
        if let authority = request.authority {
            output.append(contentsOf: authority)
        } else {
            output.append(text: endpoint.authority)
        }
        output.append(HTTPSyntax.carriageReturn)
        output.append(HTTPSyntax.lineFeed)
        request.headers.write(to: &output, except: ownFields)
        request.added.write(to: &output, except: ownFields)
        if let name = request.timeoutField, let timeLeft {
            output.append(contentsOf: name.beginning)
            HTTPResponseEncoder.append(decimal: milliseconds(timeLeft), to: &output)
            output.append(HTTPSyntax.carriageReturn)
            output.append(HTTPSyntax.lineFeed)
        }
        if let upgrade = request.upgrade {
            HTTPResponseEncoder.append("Connection: Upgrade\r\nUpgrade: \(upgrade)\r\n", to: &output)
        }
        appendFraming(request, to: &output)
        output.append(HTTPSyntax.carriageReturn)
        output.append(HTTPSyntax.lineFeed)
    }

    /// As the peer is told: at least one.
    static func milliseconds(_ timeLeft: Duration) -> Int { Int(max(1, timeLeft.wholeMilliseconds)) }

    private static let afterTarget = Array(" HTTP/1.1\r\nHost: ".utf8)

    /// What cannot stand in a target would end the line or more: it is replaced.
    private static func append(target: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if HTTPSyntax.endOfTarget(in: target.span, 0..<target.count) == target.count {
            output.append(contentsOf: target)
        } else {
            for byte in target { output.append(HTTPSyntax.isTarget(byte) ? byte : UInt8(ascii: "?")) }
        }
    }

    /// RFC 9110 §8.6: a method that means a body says so even when there is none.
    private static func appendFraming(_ request: HTTPClientRequest, to output: inout [UInt8]) {
        switch request.body {
        case .none:
            if request.method.meansContent { HTTPResponseEncoder.appendLength(0, to: &output) }
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
