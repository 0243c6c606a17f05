import AddressSets
import Core
import Foundation
import TestSupport
import Testing

@Suite struct CountryDatabaseTests {
    private func country(_ database: CountryDatabase, _ address: String) throws -> String {
        database.country(of: try #require(IPAddress(address))).description
    }

    /// `Tests/Vectors/countries.mmdb` was written by the PyPI package mmdb_writer.
    @Test(arguments: [
        ("192.0.2.1", "DE"), ("192.0.2.200", "FR"), ("198.51.100.9", "US"), ("203.0.113.7", "BR"),
        ("203.0.113.8", "unknown"), ("2001:db8::1", "JP"), ("2001:db8:9000::1", "NO"), ("8.8.8.8", "unknown"),
    ])
    func `A file that another program wrote is understood`(address: String, expected: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Repository.root)/Tests/Vectors/countries.mmdb"))
        let database = try CountryDatabase(Array(data))
        #expect(database.kind == "Test-Country")
        #expect(try country(database, address) == expected)
    }

    @Test(arguments: [24, 28, 32]) func `Records of every size lead to the right country`(recordBits: Int) throws {
        var random = SeededGenerator(seed: 5)
        var file = CountryFile()
        var networks: [(network: IPNetwork, country: String)] = []
        for length in 8...24 {
            let address = IPAddress(v4: random.next() >> 32 == 0 ? 0 : UInt32(truncatingIfNeeded: random.next()))
            guard let network = IPNetwork(address.masked(to: 96 + length), prefixLength: 96 + length) else { continue }
            let code = String(
                decoding: [0x41 + UInt8(random.below(26)), 0x41 + UInt8(random.below(26))], as: UTF8.self)
            file.add(network, code)
            networks.append((network, code))
        }
        let database = try CountryDatabase(file.bytes(recordBits: recordBits))
        for _ in 0..<2_000 {
            let near = networks[random.below(networks.count)].network
            let address = IPAddress(
                high: 0, low: near.address.low ^ UInt64(random.below(1 << (128 - near.prefixLength))))
            let expected = networks.last { $0.network.contains(address) }?.country ?? "unknown"
            #expect(database.country(of: address).description == expected)
        }
        #expect(try country(database, "2001:db8::1") == "unknown")
    }

    @Test func `What is no such file says so`() throws {
        var file = CountryFile()
        file.add(try #require(IPNetwork("192.0.2.0/24")), "DE")
        let good = file.bytes(recordBits: 24)
        #expect(throws: CountryDatabaseFailure.notADatabase) { try CountryDatabase([]) }
        #expect(throws: CountryDatabaseFailure.notADatabase) { try CountryDatabase([UInt8](repeating: 0, count: 999)) }
        #expect(throws: CountryDatabaseFailure.truncated) { try CountryDatabase(Array(good.dropFirst(600))) }
        #expect(throws: CountryDatabaseFailure.unknownVersion) { try CountryDatabase(Array(good.dropLast(80))) }
    }

    @Test func `A damaged file gives answers or none, and never traps`() throws {
        var random = SeededGenerator(seed: 7)
        var file = CountryFile()
        for number in 0..<40 {
            let address = IPAddress(v4: UInt32(number) << 26 | UInt32(number) << 9)
            if let network = IPNetwork(address.masked(to: 119), prefixLength: 119) { file.add(network, "DE") }
        }
        let good = file.bytes(recordBits: 28)
        for _ in 0..<3_000 {
            var bytes = good
            for _ in 0...random.below(6) { bytes[random.below(bytes.count)] = random.bytes(1)[0] }
            guard let database = try? CountryDatabase(bytes) else { continue }
            for number in 0..<40 {
                _ = database.country(of: IPAddress(v4: UInt32(number) << 26 | UInt32(number) << 9))
            }
        }
    }
}
