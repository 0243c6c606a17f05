internal import COpenSSL

/// Why a TLS context could not be made. What goes wrong on a connection is `StreamFailure.insecure`.
package enum TLSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case file(path: String, purpose: String, reason: String)
    case mismatchedKey(certificate: String, key: String)
    case noCertificate
    case badProtocolName(String)
    case library(String)

    package var description: String {
        switch self {
        case .file(let path, let purpose, let reason):
            "\(path) cannot serve as \(purpose): \(reason); it has to be a readable PEM file"
        case .mismatchedKey(let certificate, let key):
            "the private key \(key) does not belong to the certificate \(certificate); deploy the two together"
        case .noCertificate: "a TLS server needs at least one certificate"
        case .badProtocolName(let name): "the application protocol \(name) must have 1 to 255 bytes"
        case .library(let reason): "OpenSSL: \(reason)"
        }
    }
}

/// OpenSSL reports errors in a queue of the thread. It has to be empty before each call whose result is examined.
enum OpenSSLErrors {
    /// Before every call, so that what follows is about this one. Nearly always there is nothing, which a look tells for a
    /// quarter of what clearing costs.
    static func clear() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// The most telling error of the queue, which is then empty.
    static func take() -> String {
        let code = ERR_get_error()
        defer { clear() }
        guard code != 0 else { return "no reason given" }
        guard let reason = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
        return unsafe String(cString: reason)
    }
}
