import Core
import Cryptography
import Testing

@testable import auth

@Suite struct SigningKeyRingTests {
    private let start = Timestamp(seconds: 1_780_000_000)
    private let policy = SigningKeyRing.Policy()

    @Test func `the first key signs at once`() throws {
        let key = try #require(try SigningKeyRing().nextKey(now: start, policy))
        let ring = SigningKeyRing([key])
        #expect(ring.active(now: start)?.id == key.id)
        #expect(try ring.nextKey(now: start, policy) == nil)
    }

    @Test func `through a year every moment has a key that was published long enough before and stays long enough`()
        throws
    {
        var ring = SigningKeyRing()
        var published: [String: Timestamp] = [:]
        var lastSigned: [String: Timestamp] = [:]
        var now = start
        while now < start + .seconds(366 * 86_400) {
            if let next = try ring.nextKey(now: now, policy) { ring = SigningKeyRing(ring.keys + [next]) }
            for key in ring.published(now: now) where published[key.id] == nil { published[key.id] = now }
            let active = try #require(ring.active(now: now))
            #expect(ring.published(now: now).contains { $0.id == active.id })
            if published[active.id] != start {
                #expect(now - (published[active.id] ?? now) >= policy.lead, "verifiers had time to learn the key")
            }
            lastSigned[active.id] = now
            for (id, signed) in lastSigned where now - signed <= .seconds(900) {
                #expect(ring.published(now: now).contains { $0.id == id }, "a token of 15 minutes still finds its key")
            }
            let expired = Set(ring.expired(now: now).map(\.id))
            ring = SigningKeyRing(ring.keys.filter { !expired.contains($0.id) })
            #expect(ring.keys.count <= 3)
            now = now + .seconds(300)
        }
        #expect(published.count == 13)
    }

    @Test func `after a long stop a new key takes over without a gap`() throws {
        let first = try #require(try SigningKeyRing().nextKey(now: start, policy))
        let later = start + .seconds(400 * 86_400)
        let old = SigningKeyRing([first])
        #expect(old.active(now: later) == nil)
        let next = try #require(try old.nextKey(now: later, policy))
        #expect(SigningKeyRing([first, next]).active(now: later)?.id == next.id)
    }
}
