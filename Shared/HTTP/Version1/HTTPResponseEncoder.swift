/// Writes response heads. Framing and connection fields are the connection's own business: whatever a handler put under
/// their names is left out, so that no handler can desynchronise a client.
enum HTTPResponseEncoder {
    private static let ownFields: HTTPFieldNames = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date",
    ]

    /// By the code, from 100 on: they are few, and every response begins with one.
    private static let statusLines: [[UInt8]] = (100...999).map {
        Array("HTTP/1.1 \(HTTPStatus($0).description)\r\n".utf8)
    }

    static func appendStatusLine(_ status: HTTPStatus, to output: inout [UInt8]) {
        output.append(contentsOf: statusLines[status.code - 100])
    }

    static func appendFields(of headers: HTTPHeaders, to output: inout [UInt8]) {
        headers.write(to: &output, except: ownFields)
    }

    private static let lengthName = Array("Content-Length: ".utf8)

    static func appendLength(_ length: Int, to output: inout [UInt8]) {
        output.append(contentsOf: lengthName)
        append(decimal: length, to: &output)
        output.append(HTTPSyntax.carriageReturn)
        output.append(HTTPSyntax.lineFeed)
    }

    static func append(_ text: String, to output: inout [UInt8]) { output.append(text: text) }

    static func append(decimal number: Int, to output: inout [UInt8]) {
        guard number >= 10 else { return output.append(UInt8(ascii: "0") + UInt8(number)) }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = UInt(number)
            var start = digits.count
            while rest > 0 {
                start -= 1
                unsafe digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
            }
            unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    static func append(hexadecimal number: Int, to output: inout [UInt8]) {
        if number >= 16 { append(hexadecimal: number / 16, to: &output) }
        let digit = UInt8(number % 16)
        output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
}
