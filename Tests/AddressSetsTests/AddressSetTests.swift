import AddressSets
import Core
import TestSupport
import Testing

@Suite struct AddressSetTests {
    private func network(_ text: String) throws -> IPNetwork { try #require(IPNetwork(text), "\(text)") }

    private func set(_ texts: [String]) throws -> AddressSet { AddressSet(try texts.map(network)) }

    /// The set, an address, the block it lies in.
    @Test(
        arguments: [
            (["192.0.2.0/24"], "192.0.2.255", "192.0.2.0/24"),
            (["192.0.2.0/24"], "192.0.3.0", nil),
            (["192.0.2.7"], "192.0.2.7", "192.0.2.7"),
            (["192.0.2.7"], "192.0.2.6", nil),
            (["0.0.0.0/0"], "255.255.255.255", "0.0.0.0/0"),
            (["0.0.0.0/0"], "2001:db8::1", nil),
            (["::/0"], "2001:db8::1", "::/0"),
            (["::/0"], "192.0.2.1", nil),
            (["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"], "10.1.2.3", "10.0.0.0/8"),
            (["10.1.2.0/24", "10.1.0.0/16"], "10.1.3.3", "10.1.0.0/16"),
            (["10.0.0.0/9", "10.128.0.0/9"], "10.200.0.1", "10.128.0.0/9"),
            (["2001:db8::/32", "2001:db8:1::/48"], "2001:db8:1::9", "2001:db8::/32"),
            (["2001:db8::1", "2001:db8::3"], "2001:db8::2", nil),
            ([], "192.0.2.1", nil),
        ] as [([String], String, String?)])
    func `An address lies in the widest block that holds it`(blocks: [String], address: String, expected: String?)
        throws
    {
        let address = try #require(IPAddress(address))
        let set = try set(blocks)
        #expect(set.network(covering: address)?.description == expected)
        #expect(set.contains(address) == (expected != nil))
    }

    @Test func `What another block covers is not counted`() throws {
        #expect(try set(["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "11.0.0.1", "::1"]).count == 3)
    }

    /// Against asking every block, on blocks that lie close together so that many cover each other.
    @Test(arguments: [1, 2, 3]) func `It answers as asking block by block does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func address() -> IPAddress {
            random.below(2) == 0
                ? IPAddress(v4: 0x0a00_0000 | UInt32(random.below(1 << 12)) << UInt32(random.below(12)))
                : IPAddress(
                    high: 0x2001_0db8_0000_0000 | UInt64(random.below(64)), low: UInt64(random.below(256)) << 40)
        }
        for _ in 0..<40 {
            var blocks: [IPNetwork] = []
            for _ in 0..<random.below(200) {
                let address = address()
                let length = address.isV4 ? 96 + random.below(33) : random.below(129)
                if let block = IPNetwork(address.masked(to: length), prefixLength: length) { blocks.append(block) }
            }
            let set = AddressSet(blocks)
            for _ in 0..<300 {
                let address = address()
                let widest = blocks.filter { $0.address.isV4 == address.isV4 && $0.contains(address) }
                    .min { $0.prefixLength < $1.prefixLength }
                #expect(set.network(covering: address) == widest)
            }
        }
    }
}

@Suite struct AddressListTests {
    private func problems(_ text: String) -> [String] {
        do throws(AddressListFailure) {
            _ = try AddressList.read(Array(text.utf8), file: "drop.txt")
            return []
        } catch {
            return error.problems
        }
    }

    @Test func `Comments, blanks and line ends of all kinds are read past`() throws {
        let text = "; a list\r\n\r\n1.10.16.0/20 ; SBL256894\r\n  192.0.2.7\t# one\n2001:db8::/32\n\n# the end"
        let set = try AddressList.read(Array(text.utf8), file: "drop.txt")
        #expect(set.count == 3)
        #expect(set.contains(try #require(IPAddress("1.10.31.255"))))
        #expect(set.contains(try #require(IPAddress("192.0.2.7"))))
    }

    @Test func `Every wrong line is told with its number and what would be right`() {
        let told = problems("192.0.2.0/24\nnobody\n# fine\n10.0.0.1/8\n2001:db8::1/32\n1.2.3.4/33\n")
        #expect(told.count == 4)
        #expect(told[0].hasPrefix("drop.txt:2: nobody is no address"))
        #expect(
            told[1]
                == "drop.txt:4: 10.0.0.1/8 has bits beyond its prefix; write 10.0.0.0/8, or 10.0.0.1 for that one address"
        )
        #expect(told[2].contains("write 2001:db8::/32"))
        #expect(told[3].hasPrefix("drop.txt:6: 1.2.3.4/33 is no address"))
    }

    @Test func `Of a file that is no list the first mistakes are told, and nothing raw`() {
        let told = problems(String(repeating: "\u{1b}[31m<html>\u{7f}\n", count: 1_000))
        #expect(told.count == 20)
        #expect(told.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } })
        #expect(problems("192.0.2.7" + String(repeating: " ", count: 2_000)).count == 1)
    }
}
