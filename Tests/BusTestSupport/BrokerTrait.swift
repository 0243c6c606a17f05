// A release build for shipping has no test library, and builds this target all the same.
#if canImport(Testing)
    package import Testing

    /// Lends each test a virtual host of the shared broker: see `BusFixture`.
    package struct BrokerTrait: TestTrait, SuiteTrait, TestScoping {
        package var isRecursive: Bool { true }

        package func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
        ) async throws {
            let fixture = try await BusFixture.lend()
            try await BusFixture.$running.withValue(fixture) { try await function() }
            try await fixture.giveBack()
        }
    }

    extension Trait where Self == BrokerTrait {
        package static var onBroker: Self { BrokerTrait() }
    }
#endif
