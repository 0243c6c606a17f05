import Core
import Glibc
import Reactor
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:8080", "[::1]:8080"), ("[2001:DB8:0:0::1]:1", "[2001:db8::1]:1"),
        ("unix:/run/a.sock", "unix:/run/a.sock"), ("[::ffff:10.1.2.3]:9", "10.1.2.3:9"), ("0.0.0.0:0", "0.0.0.0:0"),
    ])
    func readsAndPrints(text: String, printed: String) {
        #expect(SocketAddress(text)?.description == printed)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
        "1.2.3:80", "01.2.3.4:80", "1.2.3.4.5:80", "::1:80", "[::1]", "[::1:80", "[1.2.3.4]:80", "[fe80::1%eth0]:80",
        "localhost:80", "unix:", "[]:80", "127.0.0.1\u{0}:80", "127.0.0.1:8\u{0}0",
    ])
    func refuses(text: String) { #expect(SocketAddress(text) == nil) }

    @Test func refusesUnixPathsTheKernelCannotHold() {
        #expect(SocketAddress("unix:/" + String(repeating: "a", count: 106)) != nil)
        #expect(SocketAddress("unix:/" + String(repeating: "a", count: 107)) == nil)
    }

    @Test func literalsNeedNoResolverAndNonsenseIsRefused() async throws {
        #expect(
            try await HostName.resolve("::1", port: 5, deadline: .after(soon)) == [
                .ip(IPAddress(high: 0, low: 1), port: 5)
            ])
        let found = try await HostName.resolve("localhost", port: 7, deadline: .after(soon))
        #expect(found.contains(.loopback(port: 7)) || found.contains(.ip(IPAddress(high: 0, low: 1), port: 7)))
        for host in ["", "a\u{0}b", String(repeating: "a", count: 254)] {
            await #expect(throws: ReactorFailure.badAddress(host)) {
                try await HostName.resolve(host, port: 1, deadline: .after(soon))
            }
        }
        await #expect(throws: ReactorFailure.self) {
            try await HostName.resolve("no-such-host.invalid", port: 1, deadline: .after(soon))
        }
    }
}
