internal import Core
internal import Foundation
internal import LocalServers
internal import TestSupport
internal import Testing

@testable import Database

/// TLS to a real PostgreSQL, whose certificate a private authority issued for `localhost`.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SecureDatabaseTests {
    private static let server = Task {
        try await TestServers.dedicatedPostgreSQL(
            certificate: TestServers.authority.issue("postgresql", names: "DNS:localhost"))
    }

    private func open(
        _ server: PrivatePostgreSQL, host: String = "localhost", _ tls: DatabaseTLS
    ) -> Database {
        Database(
            DatabaseConfiguration(
                host: host, port: server.port, database: "postgres", user: PrivatePostgreSQL.superuser,
                password: server.password, schema: "public", tls: tls), group: reactors)
    }

    @Test("with a certificate of the authority we trust, for the name we ask for, statements are encrypted")
    func trusted() async throws {
        for tls in [DatabaseTLS.verified(caFile: try TestServers.authority.file), .preferred] {
            let database = open(try await Self.server.value, tls)
            defer { database.shutDown() }
            let row = try await database.queryRow("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            #expect(try row?.get(0, as: Bool.self) == true)
            // Larger than one TLS record in both directions.
            let text = String(repeating: "x", count: 300_000)
            #expect(try await database.queryRow("SELECT $1::text", [.text(text)])?.get(0, as: String.self) == text)
        }
    }

    enum Mistake: CaseIterable { case otherAuthority, otherName, missingFile, plainServer }

    @Test(
        "what cannot be trusted is not talked to, and the failure names the key to look at", arguments: Mistake.allCases
    )
    func mistakes(mistake: Mistake) async throws {
        let (secure, authority) = (try await Self.server.value, try TestServers.authority)
        let (database, expected) =
            switch mistake {
            case .otherAuthority:
                (
                    open(secure, .verified(caFile: try CertificateAuthority().file)),
                    ["verify failed", "database.ca_file"]
                )
            case .otherName:
                (open(secure, host: "127.0.0.1", .verified(caFile: authority.file)), ["127.0.0.1", "database.host"])
            case .missingFile: (open(secure, .verified(caFile: "/nowhere.pem")), ["/nowhere.pem", "database.ca_file"])
            case .plainServer:
                (
                    open(try await TestServers.postgreSQL, .verified(caFile: authority.file)),
                    ["does not support SSL", "database.tls"]
                )
            }
        defer { database.shutDown() }
        let failure = await failure { try await database.ping() }
        guard case .insecure? = failure else {
            Issue.record("expected insecure, got \(String(describing: failure))")
            return
        }
        for part in expected { #expect(failure?.description.contains(part) == true, "\(failure as Any)") }
    }

    @Test("a server that demands TLS refuses a plain client, with the key to change")
    func demanded() async throws {
        let server = try await TestServers.dedicatedPostgreSQL(
            certificate: TestServers.authority.issue("postgresql", names: "DNS:localhost"))
        let rules = "\(server.folder)/data/pg_hba.conf"
        let text = try #require(PrivateFiles.read(rules))
        // In place, so that the file stays its owner's.
        try Data(text.replacing("\nhost ", with: "\nhostssl ").utf8)
            .write(to: URL(fileURLWithPath: rules))
        try await server.execute("SELECT pg_reload_conf()")
        let database = open(server, .disabled)
        defer { database.shutDown() }
        try await eventually("the rule is in force") {
            let failure = await failure { try await database.ping() }
            return failure?.description.contains("database.tls") == true
        }
        let allowed = open(server, .preferred)
        defer { allowed.shutDown() }
        try await allowed.ping()
        await server.stop()
    }
}
