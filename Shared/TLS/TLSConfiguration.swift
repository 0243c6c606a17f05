package enum TLSVersion: Sendable, Equatable {
    case tls12, tls13
}

/// A certificate chain (leaf first) and its private key, both PEM files.
package struct TLSCertificateFiles: Sendable, Equatable {
    package var chain: String
    package var key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

package struct TLSServerConfiguration: Sendable, Equatable {
    package enum ClientCertificates: Sendable, Equatable {
        case ignored
        /// Asked for; a connection without one is accepted, one with a wrong one is not.
        case optional(caFile: String)
        case required(caFile: String)
    }

    /// The first is for clients that name no host, or one that no certificate matches.
    package var certificates: [TLSCertificateFiles]
    package var minimumVersion: TLSVersion
    /// What ALPN may choose, in our order of preference. Empty: clients that offer ALPN get none.
    package var applicationProtocols: [String]
    package var clientCertificates: ClientCertificates

    package init(
        certificates: [TLSCertificateFiles], minimumVersion: TLSVersion = .tls12, applicationProtocols: [String] = [],
        clientCertificates: ClientCertificates = .ignored
    ) {
        self.certificates = certificates
        self.minimumVersion = minimumVersion
        self.applicationProtocols = applicationProtocols
        self.clientCertificates = clientCertificates
    }
}

package struct TLSClientConfiguration: Sendable, Equatable {
    package enum Verification: Sendable, Equatable {
        /// The chain leads to a trusted certificate, and the certificate names the host we asked for.
        case full
        /// Only the chain is checked. For peers reached by an address their certificate does not name.
        case chainOnly
        /// Anybody may answer. For tests.
        case none
    }

    package var verification: Verification
    /// Whom to trust; the system's store when nil.
    package var caFile: String?
    package var certificate: TLSCertificateFiles?
    package var minimumVersion: TLSVersion
    package var applicationProtocols: [String]

    package init(
        verification: Verification = .full, caFile: String? = nil, certificate: TLSCertificateFiles? = nil,
        minimumVersion: TLSVersion = .tls12, applicationProtocols: [String] = []
    ) {
        self.verification = verification
        self.caFile = caFile
        self.certificate = certificate
        self.minimumVersion = minimumVersion
        self.applicationProtocols = applicationProtocols
    }
}

/// Protocol names as ALPN writes them: each behind its length.
func encodeProtocols(_ names: [String]) throws(TLSFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    for name in names {
        guard (1...255).contains(name.utf8.count) else { throw .badProtocolName(name) }
        bytes.append(UInt8(name.utf8.count))
        bytes.append(contentsOf: name.utf8)
    }
    return bytes
}
