/// A response of which the connection has not taken all; of one over HTTP/2 the stream itself knows what is left.
@usableFromInline
struct HTTPUnsentResponse {
    let head: [UInt8]
    let body: [UInt8]
    let sent: Int
}
