/// What rules can ask about a request beside its bytes.
package struct SecLangConnection: Sendable {
    package var version: String
    package var remoteAddress: String
    package var remotePort: Int
    package var serverAddress: String
    package var serverPort: Int
    package var uniqueID: String
    package var epochSeconds: Int

    package init(
        version: String = "HTTP/1.1", remoteAddress: String = "127.0.0.1", remotePort: Int = 0,
        serverAddress: String = "127.0.0.1", serverPort: Int = 80, uniqueID: String = "", epochSeconds: Int = 0
    ) {
        self.version = version
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.serverAddress = serverAddress
        self.serverPort = serverPort
        self.uniqueID = uniqueID
        self.epochSeconds = epochSeconds
    }
}

/// What the phases 3 and 4 judge.
package struct InspectedResponse: Sendable {
    package var version: String
    package var status: Int
    package var headers: [InspectedRequest.Header]
    /// Not compressed any more.
    package var body: [UInt8]

    package init(
        version: String = "HTTP/1.1", status: Int, headers: [InspectedRequest.Header] = [], body: [UInt8] = []
    ) {
        self.version = version
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What one request may cost.
package struct SecLangLimits: Sendable {
    package var maximumValues = 20_000
    /// A longer value is looked at up to here.
    package var maximumValueLength = 1 << 20
    /// All values and all that rules write, together.
    package var maximumBytes = 8 << 20
    package var maximumMatches = 4_096
    package var maximumJSONDepth = 64
    package var maximumParts = 1_024
    /// Bytes looked at, over all rules and transformations; each question costs a little besides.
    package var maximumWork = 1 << 30

    package init() {}
    package static let standard = SecLangLimits()
}
