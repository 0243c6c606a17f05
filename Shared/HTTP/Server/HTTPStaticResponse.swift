/// A response whose bytes are known beforehand: rendered once, sent in one write with the date put in between.
package struct HTTPStaticResponse: Sendable {
    package let status: HTTPStatus
    /// Everything up to the Date field, which the connection adds.
    let head: [UInt8]
    let body: [UInt8]
    /// What `head` was rendered from, for HTTP/2.
    let headers: HTTPHeaders

    package init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = status.forbidsBody ? [] : body
        var head: [UInt8] = []
        HTTPResponseEncoder.appendStatusLine(status, to: &head)
        HTTPResponseEncoder.appendFields(of: headers, to: &head)
        if !status.forbidsBody { HTTPResponseEncoder.appendLength(body.count, to: &head) }
        self.head = head
    }
}
