internal import AddressSets
internal import Core
internal import Measuring
internal import Reactor

/// What a block list of a million entries costs: to read, to keep, to ask, and the reactor while it is swapped. Times are
/// this thread's processor time, so that a busy machine does not spoil them; the pause is the wall's.
enum AddressBenchmark {
    private static let entries = 1_000_000

    static func run() async throws -> [Figure] {
        var figures: [Figure] = []
        for (name, random) in [("ipv4", randomV4), ("ipv6", randomV6)] {
            var generator = SystemRandomNumberGenerator()
            let blocks = (0..<entries).map { _ in random(&generator) }
            let started = ThreadClock.seconds()
            let set = AddressSet(blocks)
            let built = ThreadClock.seconds() - started
            figures.append(
                Figure(name: "addresses.\(name).entries", value: Double(set.count), unit: "blocks", bar: .none))
            figures.append(Figure(name: "addresses.\(name).build", value: built, unit: "seconds", bar: .none))
            let bytes = Double(set.byteCount) / Double(entries)
            figures.append(
                Figure(name: "addresses.\(name).memory", value: bytes, unit: "bytes/entry", bar: .atMost(40)))
            let found = blocks.map(\.address)
            let missed = (0..<entries).map { _ in random(&generator).address }
            figures.append(try lookUp(set, found.shuffled(), "addresses.\(name).hit"))
            figures.append(try lookUp(set, missed, "addresses.\(name).random"))
        }
        return figures + (try await reload())
    }

    private static func lookUp(_ set: AddressSet, _ addresses: [IPAddress], _ name: String) throws -> Figure {
        var best = Double.infinity
        var hits = 0
        for _ in 0..<3 {
            let started = ThreadClock.seconds()
            for address in addresses where set.contains(address) { hits += 1 }
            best = min(best, (ThreadClock.seconds() - started) / Double(addresses.count))
        }
        precondition(hits >= 0)
        return Figure(name: name, value: best * 1e9, unit: "nanoseconds", bar: .atMost(1_000))
    }

    /// A list is read on a thread of its own while a reactor does nothing but look at the clock.
    private static func reload() async throws -> [Figure] {
        var generator = SystemRandomNumberGenerator()
        let text = (0..<entries).map { _ in randomV4(&generator).description }.joined(separator: "\n")
        let bytes = Array(text.utf8)
        let group = try ReactorGroup(count: 1)
        let threads = BlockingThreads(maximum: 1)
        let published = Published(try AddressList.read(bytes, file: "list"))
        let started = ThreadClock.seconds()
        _ = try AddressList.read(bytes, file: "list")
        let took = ThreadClock.seconds() - started
        let pause = try await group.reactors[0].perform {
            var reader = PublishedReader(published)
            async let reading: Void = threads.run {
                if let fresh = try? AddressList.read(bytes, file: "list") { published.update { $0 = fresh } }
            }
            var (longest, last, turns) = (Duration.zero, Deadline.now, 0)
            let version = published.currentVersion
            while published.currentVersion == version || turns < 2 {
                try await Reactor.sleep(for: .milliseconds(1))
                _ = reader.read().count
                if published.currentVersion != version { turns += 1 }
                longest = max(longest, .now - last)
                last = .now
            }
            try await reading
            return longest
        }
        return [
            Figure(name: "addresses.list.read", value: took, unit: "seconds", bar: .none),
            Figure(
                name: "addresses.list.longest-reactor-pause", value: Double(pause.wholeNanoseconds) / 1e6,
                unit: "milliseconds", bar: .none),
        ]
    }

    private static func randomV4(_ generator: inout SystemRandomNumberGenerator) -> IPNetwork {
        let length = 96 + [24, 24, 24, 24, 32, 32, 32, 32, 32, 32][Int.random(in: 0..<10, using: &generator)]
        return network(IPAddress(v4: UInt32.random(in: 0...UInt32.max, using: &generator)), length)
    }

    private static func randomV6(_ generator: inout SystemRandomNumberGenerator) -> IPNetwork {
        let high = 0x2000_0000_0000_0000 | UInt64.random(in: 0..<1 << 61, using: &generator)
        let length = [32, 48, 48, 56, 64, 128][Int.random(in: 0..<6, using: &generator)]
        return network(IPAddress(high: high, low: .random(in: 0...UInt64.max, using: &generator)), length)
    }

    private static func network(_ address: IPAddress, _ length: Int) -> IPNetwork {
        guard let network = IPNetwork(address.masked(to: length), prefixLength: length) else {
            preconditionFailure("a masked address has nothing beyond its prefix")
        }
        return network
    }
}
