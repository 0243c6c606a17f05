package import Core
package import TLS

/// How a service reaches the broker.
package struct BusConfiguration: Sendable {
    package var host: String
    package var port: UInt16
    /// Nil: plain TCP.
    package var tls: TLSClientContext?
    package var user: String
    package var password: String
    package var virtualHost: String
    /// Tells one replica of a service from another: in queue names, in envelopes, in the broker's list of connections.
    package var replica: String
    /// A peer that is silent for twice as long is gone.
    package var heartbeat: Duration
    package var connectTimeout: Duration
    /// A message beyond it becomes a dead letter unread.
    package var maximumMessage: ByteCount
    /// What may wait for the broker's confirmation; beyond it publishers wait.
    package var maximumUnconfirmedMessages: Int
    package var maximumUnconfirmed: ByteCount
    /// Calls that may wait for their replies; beyond it a call fails at once.
    package var maximumCalls: Int

    package init(
        host: String = "127.0.0.1", port: UInt16 = 5672, tls: TLSClientContext? = nil, user: String, password: String,
        virtualHost: String = "/", replica: String? = nil, heartbeat: Duration = .seconds(10),
        connectTimeout: Duration = .seconds(10), maximumMessage: ByteCount = .mebibytes(16),
        maximumUnconfirmedMessages: Int = 4_096, maximumUnconfirmed: ByteCount = .mebibytes(32),
        maximumCalls: Int = 8_192
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.user = user
        self.password = password
        self.virtualHost = virtualHost
        self.replica = replica ?? String(UInt32.random(in: 0 ... .max), radix: 16)
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.maximumMessage = maximumMessage
        self.maximumUnconfirmedMessages = maximumUnconfirmedMessages
        self.maximumUnconfirmed = maximumUnconfirmed
        self.maximumCalls = maximumCalls
    }
}
