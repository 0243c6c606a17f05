/// Writes response heads. Framing and connection fields are the connection's own business: whatever a handler put under
/// their names is left out, so that no handler can desynchronise a client.
enum HTTPResponseEncoder {
    private static let ownFields: HTTPFieldNames = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date",
    ]

    static func appendStatusLine(_ status: HTTPStatus, to output: inout [UInt8]) {
        append("HTTP/1.1 ", to: &output)
        append(decimal: status.code, to: &output)
        output.append(HTTPSyntax.space)
        append(status.reason, to: &output)
        append("\r\n", to: &output)
    }

    static func appendFields(of headers: HTTPHeaders, to output: inout [UInt8]) {
        headers.write(to: &output, except: ownFields)
    }

    static func appendLength(_ length: Int, to output: inout [UInt8]) {
        append("Content-Length: ", to: &output)
        append(decimal: length, to: &output)
        append("\r\n", to: &output)
    }

    static func append(_ text: String, to output: inout [UInt8]) { output.append(text: text) }

    static func append(decimal number: Int, to output: inout [UInt8]) {
        if number >= 10 { append(decimal: number / 10, to: &output) }
        output.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    static func append(hexadecimal number: Int, to output: inout [UInt8]) {
        if number >= 16 { append(hexadecimal: number / 16, to: &output) }
        let digit = UInt8(number % 16)
        output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
}
