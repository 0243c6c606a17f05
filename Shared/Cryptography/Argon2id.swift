internal import CArgon2
internal import Core

/// Password hashes (RFC 9106) as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
///
/// One call costs about 19 ms of a core and 19 MiB, on purpose: run it off the reactor, and bound how many run at once.
package enum Argon2id {
    package struct Parameters: Sendable, Equatable {
        package var memoryKibibytes: UInt32
        package var iterations: UInt32
        package var lanes: UInt32

        package init(memoryKibibytes: UInt32 = 19 << 10, iterations: UInt32 = 2, lanes: UInt32 = 1) {
            self.memoryKibibytes = memoryKibibytes
            self.iterations = iterations
            self.lanes = lanes
        }

        package static let standard = Parameters()
        /// What a stored hash may ask of a verification at most.
        static let maximum = Parameters(memoryKibibytes: 256 << 10, iterations: 16, lanes: 8)
    }

    package static let maximumPasswordLength = 1_024
    private static let saltLength = 16
    private static let hashLength = 32

    package static func hash(_ password: [UInt8], _ parameters: Parameters = .standard) throws(CryptographyFailure)
        -> String
    {
        guard password.count <= maximumPasswordLength else {
            throw .malformedPasswordHash("a password has at most \(maximumPasswordLength) bytes")
        }
        let salt = SecureRandom.bytes(saltLength)
        var output = [UInt8](repeating: 0, count: hashLength)
        let result = unsafe argon2id_hash_raw(
            parameters.iterations, parameters.memoryKibibytes, parameters.lanes, password, password.count, salt,
            salt.count, &output, output.count)
        guard result == ARGON2_OK.rawValue else {
            throw .library(operation: "hashing a password", code: UInt(bitPattern: Int(result)))
        }
        let cost = "m=\(parameters.memoryKibibytes),t=\(parameters.iterations),p=\(parameters.lanes)"
        return "$argon2id$v=19$\(cost)$\(unpadded(salt))$\(unpadded(output))"
    }

    /// Whether `password` made `encoded`. An unreadable hash throws: that is corrupt data, not a wrong password.
    package static func verify(_ password: [UInt8], _ encoded: String) throws(CryptographyFailure) -> Bool {
        let stored = try read(encoded)
        guard password.count <= maximumPasswordLength else { return false }
        var output = [UInt8](repeating: 0, count: stored.hash.count)
        let cost = stored.parameters
        let result = unsafe argon2id_hash_raw(
            cost.iterations, cost.memoryKibibytes, cost.lanes, password, password.count, stored.salt,
            stored.salt.count, &output, output.count)
        guard result == ARGON2_OK.rawValue else {
            throw .library(operation: "verifying a password", code: UInt(bitPattern: Int(result)))
        }
        return constantTimeEquals(output, stored.hash)
    }

    /// Whether a hash was made with weaker parameters than today's, so that the next login should renew it.
    package static func needsRenewal(_ encoded: String, _ wanted: Parameters = .standard) -> Bool {
        guard let cost = try? read(encoded).parameters else { return true }
        return cost.memoryKibibytes < wanted.memoryKibibytes || cost.iterations < wanted.iterations
    }

    private static func read(_ encoded: String) throws(CryptographyFailure) -> (
        parameters: Parameters, salt: [UInt8], hash: [UInt8]
    ) {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard encoded.utf8.count <= 512, parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19"
        else { throw .malformedPasswordHash("it is not an argon2id PHC string of version 19") }
        guard let parameters = cost(parts[3]) else {
            throw .malformedPasswordHash("its cost \(parts[3]) is unreadable or beyond what a verification may use")
        }
        guard let salt = padded(parts[4]), let hash = padded(parts[5]), salt.count >= 8, (16...64).contains(hash.count)
        else { throw .malformedPasswordHash("its salt or hash is not base64 of a permitted length") }
        return (parameters, salt, hash)
    }

    private static func cost(_ text: Substring) -> Parameters? {
        var cost = Parameters()
        let fields: [(String, WritableKeyPath<Parameters, UInt32>)] = [
            ("m=", \.memoryKibibytes), ("t=", \.iterations), ("p=", \.lanes),
        ]
        let values = text.split(separator: ",")
        guard values.count == fields.count else { return nil }
        for (value, (name, path)) in zip(values, fields) {
            guard value.hasPrefix(name), let number = UInt32(value.dropFirst(2)), number >= 1,
                number <= Parameters.maximum[keyPath: path]
            else { return nil }
            cost[keyPath: path] = number
        }
        return cost
    }

    private static func unpadded(_ bytes: [UInt8]) -> String {
        String(Base64.encode(bytes).prefix { $0 != "=" })
    }

    private static func padded(_ text: Substring) -> [UInt8]? {
        Base64.decode(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
