import Core
import Glibc
import Reactor
import TLS
import TestSupport
import Testing

/// Who is let in, who is not, and what both sides learn of each other.
@Suite struct TLSHandshakeTests {
    @Test func theCertificateIsChosenByTheNameTheClientAsksFor() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServerContext(
            .init(certificates: [
                authority.files("first", names: "DNS:first.test"),
                authority.files("second", names: "DNS:second.test,DNS:*.wild.test"),
                authority.files("third", names: "IP:127.0.0.1", keyType: ["rsa:2048"]),
            ]))
        let client = try TLSClientContext(.init(verification: .chainOnly, caFile: authority.file))
        try await withReactor { reactor async throws in
            for (host, subject) in [
                ("first.test", "first"), ("second.test", "second"), ("a.wild.test", "second"),
                ("a.b.wild.test", "first"), ("unknown.test", "first"),
            ] {
                let (near, far) = try await connectedPair(on: reactor, server, client, host: host)
                #expect(near.peerCertificate?.subject == "CN=\(subject),O=Infinite")
                #expect(far.serverName == host)
                #expect(far.peerCertificate == nil)
            }
        }
    }

    @Test func aProgramIsKnownByItsFirstMessageWhateverHostItAsksForAndWhetherItResumes() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServerContext(
            .init(certificates: [authority.files("first", names: "DNS:first.test,DNS:second.test")]))
        let usual = try authority.client()
        try await withReactor { reactor async throws in
            func fingerprint(_ client: TLSClientContext, _ host: String = "first.test") async throws -> UInt64 {
                try await connectedPair(on: reactor, server, client, host: host).server.helloFingerprint
            }
            let first = try await fingerprint(usual)
            #expect(first != 0)
            for host in ["first.test", "first.test", "second.test"] {
                #expect(try await fingerprint(usual, host) == first)
            }
            #expect(try await fingerprint(try authority.client(.tls13)) != first)
            #expect(try await fingerprint(try authority.client(.tls12, ["http/1.1"])) != first)
        }
    }

    @Test func aNameOfItsOwnComesBeforeAWildcardWhateverTheirOrder() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServerContext(
            .init(certificates: [
                authority.files("wild", names: "DNS:*.shop.test"), authority.files("pay", names: "DNS:Pay.Shop.test"),
                authority.files("second-wild", names: "DNS:*.shop.test"),
            ]))
        #expect(server.expires.map { $0 > Timestamp.now.seconds } == true)
        let client = try TLSClientContext(.init(verification: .chainOnly, caFile: authority.file))
        try await withReactor { reactor async throws in
            for (host, subject) in [
                ("pay.shop.test", "pay"), ("PAY.shop.test", "pay"), ("www.shop.test", "wild"), ("shop.test", "wild"),
            ] {
                let (near, _) = try await connectedPair(on: reactor, server, client, host: host)
                #expect(near.peerCertificate?.subject == "CN=\(subject),O=Infinite")
            }
        }
    }

    @Test func aClientChecksChainAndName() async throws {
        let authority = try CertificateAuthority()
        let other = try CertificateAuthority()
        let server = try TLSServerContext(
            .init(certificates: [authority.files("server", names: "DNS:server.test,IP:127.0.0.1")]))
        let full = try TLSClientContext(.init(caFile: authority.file))
        let wrongAuthority = try TLSClientContext(.init(caFile: other.file))
        let system = try TLSClientContext(.init())
        let anybody = try TLSClientContext(.init(verification: .none, caFile: other.file))
        try await withReactor { reactor async throws in
            for host in ["server.test", "127.0.0.1"] {
                _ = try await connectedPair(on: reactor, server, full, host: host)
            }
            _ = try await connectedPair(on: reactor, server, anybody, host: "whoever.test")
            for (context, host) in [
                (full, "other.test"), (full, "127.0.0.2"), (wrongAuthority, "server.test"), (system, "server.test"),
            ] {
                let failure = await failure {
                    _ = try await connectedPair(on: reactor, server, context, host: host)
                }
                guard case .insecure(let reason) = failure else {
                    Issue.record("\(host) was accepted: \(String(describing: failure))")
                    continue
                }
                #expect(reason.hasPrefix("the peer's certificate was not accepted: "))
            }
        }
    }

    @Test func clientCertificatesCanBeRequired() async throws {
        let authority = try CertificateAuthority()
        let other = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let required = try TLSServerContext(
            .init(certificates: [files], clientCertificates: .required(caFile: authority.file)))
        let optional = try TLSServerContext(
            .init(certificates: [files], clientCertificates: .optional(caFile: authority.file)))
        let known = try TLSClientContext(
            .init(caFile: authority.file, certificate: authority.files("agent", names: "DNS:agent.test")))
        let stranger = try TLSClientContext(
            .init(caFile: authority.file, certificate: other.files("stranger", names: "DNS:agent.test")))
        let anonymous = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            for server in [required, optional] {
                let (near, far) = try await connectedPair(on: reactor, server, known, host: "server.test")
                #expect(far.peerCertificate?.subject == "CN=agent,O=Infinite")
                try await expectEcho(near, far)
            }
            let (near, far) = try await connectedPair(on: reactor, optional, anonymous, host: "server.test")
            try await expectEcho(near, far)
            for (server, client) in [(required, anonymous), (required, stranger), (optional, stranger)] {
                // In TLS 1.3 the client believes in the connection before the server has judged it.
                let failure = await failure {
                    _ = try await connectedPair(on: reactor, server, client, host: "server.test")
                }
                guard case .insecure = failure else {
                    Issue.record("a client without the right certificate came in: \(String(describing: failure))")
                    continue
                }
            }
        }
    }

    @Test func protocolsAreNegotiatedByOurPreference() async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files], applicationProtocols: ["h2", "http/1.1"]))
        try await withReactor { reactor async throws in
            for (offered, chosen) in [(["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), ([], nil)] {
                let client = try TLSClientContext(.init(caFile: authority.file, applicationProtocols: offered))
                let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
                #expect(near.applicationProtocol == chosen)
                #expect(far.applicationProtocol == chosen)
            }
            let foreign = try TLSClientContext(.init(caFile: authority.file, applicationProtocols: ["spdy/9"]))
            let failure = await failure {
                _ = try await connectedPair(on: reactor, server, foreign, host: "server.test")
            }
            guard case .insecure = failure else {
                Issue.record("a protocol nobody speaks was accepted")
                return
            }
        }
    }

    @Test func sessionsAreResumedAlsoAcrossAReload() async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files]))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            var resumed: [Bool] = []
            for round in 0..<3 {
                if round == 2 { try server.reload() }
                let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
                // The ticket arrives with the first bytes that are read.
                try await expectEcho(near, far)
                resumed.append(near.isResumed)
                near.close()
            }
            #expect(resumed == [false, true, true])
        }
    }

    @Test func aReloadShowsTheNewCertificateAndDropsNobody() async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("old", names: "DNS:server.test")
        let newer = try authority.files("new", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files]))
        try await withReactor { reactor async throws in
            let client = try TLSClientContext(.init(caFile: authority.file))
            let standing = try await connectedPair(on: reactor, server, client, host: "server.test")
            try copy(newer.chain, to: files.chain)
            // The key does not belong to it yet: the reload is refused and nothing changes.
            #expect(throws: TLSFailure.mismatchedKey(certificate: files.chain, key: files.key)) { try server.reload() }
            let between = try await connectedPair(
                on: reactor, server, try TLSClientContext(.init(caFile: authority.file)), host: "server.test")
            #expect(between.client.peerCertificate?.subject == "CN=old,O=Infinite")
            try copy(newer.key, to: files.key)
            try server.reload()
            let after = try await connectedPair(
                on: reactor, server, try TLSClientContext(.init(caFile: authority.file)), host: "server.test")
            #expect(after.client.peerCertificate?.subject == "CN=new,O=Infinite")
            try await expectEcho(standing.client, standing.server)
            try await expectEcho(after.client, after.server)
        }
    }

    @Test func wrongFilesAreNamed() throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        #expect(throws: TLSFailure.noCertificate) { try TLSServerContext(.init(certificates: [])) }
        for (wrong, culprit) in [
            (TLSCertificateFiles(chain: "/no/such.pem", key: files.key), "/no/such.pem"),
            (TLSCertificateFiles(chain: files.chain, key: "/no/such.key"), "/no/such.key"),
            (TLSCertificateFiles(chain: files.key, key: files.key), files.key),
        ] {
            let failure = #expect(throws: TLSFailure.self) { try TLSServerContext(.init(certificates: [wrong])) }
            #expect(failure?.description.hasPrefix(culprit) == true)
        }
        #expect(throws: TLSFailure.self) { try TLSClientContext(.init(caFile: "/no/such.pem")) }
        #expect(throws: TLSFailure.badProtocolName("")) {
            try TLSServerContext(.init(certificates: [files], applicationProtocols: [""]))
        }
    }

    private func copy(_ source: String, to target: String) throws {
        let content = try Array(readFile(source))
        let descriptor = unsafe open(target, O_WRONLY | O_TRUNC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(unsafe write(descriptor, content, content.count) == content.count)
    }

    private func readFile(_ path: String) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(descriptor, &content, content.count)
        return Array(content.prefix(max(0, count)))
    }
}

func expectEcho(_ near: TLSStream, _ far: TLSStream) async throws {
    try await near.write("ping", deadline: .after(soon))
    #expect(try await readExactly(4, from: far) == Array("ping".utf8))
    try await far.write("pong", deadline: .after(soon))
    #expect(try await readExactly(4, from: near) == Array("pong".utf8))
}

func failure(_ work: () async throws -> Void) async -> StreamFailure? {
    do {
        try await work()
        return nil
    } catch let failure as StreamFailure {
        return failure
    } catch {
        Issue.record("\(error) is not a StreamFailure")
        return nil
    }
}

extension CertificateAuthority {
    /// A client that trusts it, whatever the host.
    fileprivate func client(
        _ minimum: TLSVersion = .tls12, _ protocols: [String] = []
    ) throws -> TLSClientContext {
        try TLSClientContext(
            .init(
                verification: .chainOnly, caFile: file, minimumVersion: minimum, applicationProtocols: protocols))
    }
}
