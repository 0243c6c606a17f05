internal import Glibc

/// What a server shows to prove who it is: two PEM files.
package struct ServerCertificate: Sendable, Equatable {
    /// The server's own certificate first.
    package let chain: String
    package let key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }

    /// Copies that belong to `account`: servers refuse a key that others may read, or cannot read one of another's.
    func copied(to folder: String, account: ServerAccount?) throws(LocalServerFailure) -> ServerCertificate {
        let copy = ServerCertificate(chain: "\(folder)/server.pem", key: "\(folder)/server.key")
        for (source, target) in [(chain, copy.chain), (key, copy.key)] {
            guard let text = PrivateFiles.read(source) else {
                throw .system(operation: "reading the certificate file \(source)", code: errno)
            }
            try PrivateFiles.write(text, to: target, account: account)
        }
        return copy
    }
}
