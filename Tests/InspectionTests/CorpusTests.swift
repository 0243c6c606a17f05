import Foundation
import Inspection
import Measuring
import Testing

@testable import scorecard

/// The bars of accuracy on the small sets, so that a rule that costs them is seen before the whole scorecard is.
/// The corpora are third parties' data and stand beside the checkout; without them these tests are skipped.
@Suite struct CorpusTests {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/corpora").standardized.path()
    private static let isThere = FileManager.default.fileExists(atPath: folder)

    private func tally(_ name: String) throws -> Tally {
        var judge = Judge(try InspectionEngine.builtIn(), try InspectionScratch(), Arguments([]))
        return judge.judge(try Corpus(name, in: Self.folder))
    }

    @Test(.enabled(if: isThere, "no corpora beside the checkout"), arguments: ["webhooks", "access-log"])
    func honestTrafficIsNotBlocked(set: String) throws {
        #expect(try tally(set).benign.share <= 0.003)
    }

    @Test(.enabled(if: isThere, "no corpora beside the checkout"))
    func mostOfASetOfAttacksIsFound() throws {
        let tally = try tally("gotestwaf")
        #expect(tally.attacks.share > 0.9)
        #expect(tally.benign.blocked == 0)
    }
}
