import Core
import Cryptography
import TestSupport
import Testing

@testable import gateway

/// What a browser does, in Swift.
enum Solver {
    static func number(_ puzzle: String, difficulty: Int) -> String {
        var number = 0
        while !Puzzle.isSolution(String(number), of: puzzle, difficulty: difficulty) { number += 1 }
        return String(number)
    }
}

@Suite struct PuzzleTests {
    private let now = Timestamp(seconds: 1_800_000_000)
    private let secret = ChallengeSecret([UInt8](repeating: 7, count: 32))

    private func binding(_ client: String = "192.0.2.7", _ agent: String = "Browser/1", _ scope: String = "route:shop")
        -> ChallengeBinding
    {
        ChallengeBinding(client: IPAddress(client) ?? .v4Loopback, userAgent: Array(agent.utf8)[...], scope: scope)
    }

    private func refusal(
        _ text: String, _ number: String, _ binding: ChallengeBinding, after seconds: Int64 = 1,
        _ secret: ChallengeSecret? = nil
    ) -> ChallengeRefusal? {
        do throws(ChallengeRefusal) {
            _ = try Puzzle.check(
                text, solvedBy: number, for: binding, now: now + .seconds(seconds), secret ?? self.secret)
            return nil
        } catch {
            return error
        }
    }

    @Test func `The solution of the puzzle counts, for whom it was made and in time`() throws {
        let puzzle = Puzzle.make(for: binding(), difficulty: 8, now: now, secret)
        #expect(puzzle.text.utf8.count == 39)
        let number = Solver.number(puzzle.text, difficulty: 8)
        #expect(refusal(puzzle.text, number, binding()) == nil)
        #expect(refusal(puzzle.text, number, binding("192.0.2.200")) == nil, "the same network")
        #expect(refusal(puzzle.text, number, binding("192.0.3.7")) == .notYours)
        #expect(refusal(puzzle.text, number, binding("192.0.2.7", "Browser/2")) == .notYours)
        #expect(refusal(puzzle.text, number, binding("192.0.2.7", "Browser/1", "route:bank")) == .notYours)
        #expect(refusal(puzzle.text, number, binding(), after: 299) == nil)
        #expect(refusal(puzzle.text, number, binding(), after: 300) == .late)
        #expect(refusal(puzzle.text, number, binding(), after: -31) == .late)
    }

    @Test func `IPv6 clients are known by their network`() throws {
        let puzzle = Puzzle.make(for: binding("2001:db8:1:2::3"), difficulty: 1, now: now, secret)
        let number = Solver.number(puzzle.text, difficulty: 1)
        #expect(refusal(puzzle.text, number, binding("2001:db8:1:2:ffff::9")) == nil)
        #expect(refusal(puzzle.text, number, binding("2001:db8:1:3::3")) == .notYours)
    }

    @Test func `What is no solution, and what is no number, does not count`() throws {
        let puzzle = Puzzle.make(for: binding(), difficulty: 12, now: now, secret)
        var wrong = 0
        while Puzzle.isSolution(String(wrong), of: puzzle.text, difficulty: 12) { wrong += 1 }
        for number in [String(wrong), "", "-1", "1e5", " 1", "0x1", String(repeating: "1", count: 17)] {
            #expect(refusal(puzzle.text, number, binding()) == .notSolved, "\(number)")
        }
    }

    @Test func `A puzzle cannot be made easier, older or anybody else's`() throws {
        var random = SeededGenerator(seed: 3)
        let puzzle = Puzzle.make(for: binding(), difficulty: 0, now: now, secret)
        #expect(refusal(puzzle.text, "0", binding()) == nil)
        let bytes = try #require(Base64.decodeURL(puzzle.text))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= UInt8(1 + random.below(255))
            #expect(refusal(Base64.encodeURL(changed), "0", binding()) == .notYours, "byte \(index)")
        }
        for text in [
            "", "A", String(puzzle.text.dropLast()), puzzle.text + "A", String(repeating: "A", count: 10_000), "ü",
        ] {
            #expect(refusal(text, "0", binding()) == .malformed, "\(text.prefix(50))")
        }
    }

    @Test func `Replicas that share the secret accept each other's, also while it is being changed`() throws {
        let old = ChallengeSecret([UInt8](repeating: 7, count: 32))
        let new = ChallengeSecret([UInt8](repeating: 8, count: 32), previous: [UInt8](repeating: 7, count: 32))
        let stranger = ChallengeSecret([UInt8](repeating: 9, count: 32))
        let puzzle = Puzzle.make(for: binding(), difficulty: 0, now: now, old)
        #expect(refusal(puzzle.text, "0", binding(), new) == nil)
        #expect(refusal(puzzle.text, "0", binding(), stranger) == .notYours)
        let pass = ChallengePass.make(for: binding(), lifetime: .seconds(60), now: now, old)
        #expect(ChallengePass.isValid(pass, for: binding(), now: now, new))
        #expect(!ChallengePass.isValid(pass, for: binding(), now: now, stranger))
    }

    @Test func `Each day has a key of its own`() {
        let day = secret.code(.pass, [1], made: Timestamp(seconds: 86_400 * 10))
        #expect(secret.code(.pass, [1], made: Timestamp(seconds: 86_400 * 11 - 1)) == day)
        #expect(secret.code(.pass, [1], made: Timestamp(seconds: 86_400 * 11)) != day)
        #expect(secret.code(.puzzle, [1], made: Timestamp(seconds: 86_400 * 10)) != day)
    }

    @Test func `A pass is good for its client, its scope, its purpose and its time`() throws {
        let pass = ChallengePass.make(for: binding(), lifetime: .seconds(60), now: now, secret)
        func isValid(_ text: String, _ binding: ChallengeBinding, after seconds: Int64 = 0) -> Bool {
            ChallengePass.isValid(text, for: binding, now: now + .seconds(seconds), secret)
        }
        #expect(isValid(pass, binding()))
        #expect(isValid(pass, binding(), after: 59))
        #expect(!isValid(pass, binding(), after: 60))
        #expect(!isValid(pass, binding("198.51.100.7")))
        #expect(!isValid(pass, binding("192.0.2.7", "Browser/2")))
        #expect(!isValid(pass, binding("192.0.2.7", "Browser/1", "route:bank")))
        #expect(!ChallengePass.isValid(pass, .signIn, for: binding(), now: now, secret))
        let bytes = try #require(Base64.decodeURL(pass))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(!isValid(Base64.encodeURL(changed), binding()), "byte \(index)")
        }
    }

    @Test func `A puzzle is spent once, and remembered as long as it could be used again`() throws {
        var spent = SpentPuzzles(capacity: 3)
        func refusal(_ code: UInt8, after seconds: Int64) -> ChallengeRefusal? {
            do throws(ChallengeRefusal) {
                try spent.spend([code], now: now + .seconds(seconds))
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(1, after: 0) == nil)
        #expect(refusal(1, after: 1) == .spent)
        #expect(refusal(2, after: 300) == nil)
        #expect(refusal(1, after: 329) == .spent && refusal(1, after: 331) == .spent)
        #expect(refusal(2, after: 600) == .spent)
        // Two generations on it is forgotten; by then it is too late to use it.
        #expect(refusal(1, after: 700) == nil)
        #expect(refusal(3, after: 701) == nil && refusal(4, after: 702) == nil)
        #expect(refusal(5, after: 703) == .busy)
        #expect(spent.count <= 6)
        #expect(refusal(5, after: 10_000) == nil)
        #expect(spent.count == 1)
    }
}
