import Testing

@testable import Inspection

@Suite struct EngineTests {
    @Test func theBuiltInRulesCompile() throws {
        let engine = try InspectionEngine.builtIn()
        #expect(engine.rules.count >= 40)
    }
}
