/// What the engine judges: a request as its bytes stood on the wire, the body already de-chunked.
///
/// Arrays are shared, not copied, so building one costs a few words.
package struct InspectedRequest: Sendable {
    package struct Header: Sendable {
        package var name: String
        package var value: [UInt8]

        package init(_ name: String, _ value: [UInt8]) {
            self.name = name
            self.value = value
        }

        package init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }
    }

    package var method: String
    /// Origin form: path and query, still encoded.
    package var target: [UInt8]
    package var headers: [Header]
    /// The whole body, or as much of it as the caller is willing to hold.
    package var body: [UInt8]
    /// False when the body goes on: its end is then no malformed one.
    package var isBodyWhole = true

    package init(method: String, target: [UInt8], headers: [Header] = [], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// For a piece of text without a request around it, as `/v1/analyze` takes it: one query argument.
    package static func text(_ text: [UInt8]) -> InspectedRequest {
        InspectedRequest(
            method: "POST", target: [UInt8(ascii: "/")], headers: [Header("content-type", "text/plain")], body: text)
    }
}
