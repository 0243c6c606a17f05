import Core
import Cryptography
import Testing

@Suite struct Argon2idTests {
    /// From the reference implementation's test file (version 19, t=2, m=2^16, p=1, "password" with "somesalt").
    @Test func verifiesTheReferenceImplementationsHash() throws {
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        #expect(try Argon2id.verify(Array("password".utf8), stored))
        #expect(try !Argon2id.verify(Array("passwore".utf8), stored))
    }

    @Test func hashesWithTheStandardCostAndAFreshSalt() throws {
        let password = Array("correct horse".utf8)
        let first = try Argon2id.hash(password)
        #expect(first.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try Argon2id.hash(password) != first)
        #expect(try Argon2id.verify(password, first))
        #expect(try !Argon2id.verify([], first))
        #expect(!Argon2id.needsRenewal(first))
    }

    @Test func aWeakerHashAsksForRenewal() throws {
        let weak = try Argon2id.hash([1], Argon2id.Parameters(memoryKibibytes: 64, iterations: 1))
        #expect(try Argon2id.verify([1], weak))
        #expect(Argon2id.needsRenewal(weak))
        #expect(Argon2id.needsRenewal("nonsense"))
    }

    @Test(arguments: [
        "", "plain", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=99999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$!!!$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AA",
    ])
    func aHashThatIsNotOursIsRefused(stored: String) {
        #expect(throws: CryptographyFailure.self) { try Argon2id.verify([1], stored) }
    }

    @Test func aPasswordBeyondTheLimitIsRefusedBeforeItCosts() throws {
        let long = [UInt8](repeating: 97, count: Argon2id.maximumPasswordLength + 1)
        #expect(throws: CryptographyFailure.self) { try Argon2id.hash(long) }
    }
}
