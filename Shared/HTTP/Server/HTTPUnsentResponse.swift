/// A response of which the socket has not taken all.
struct HTTPUnsentResponse {
    let head: [UInt8]
    let body: [UInt8]
    let sent: Int
}
