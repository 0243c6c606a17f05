import Contracts
import Inspection
import Testing

@Suite struct FindingCategoryTests {
    /// Inspection knows no contracts, only their numbers: here is what the numbers have to mean.
    private static let meanings: [FindingCategory: AttackCategory] = [
        .sqlInjection: .sqlInjection, .crossSiteScripting: .crossSiteScripting, .commandInjection: .commandInjection,
        .codeInjection: .codeInjection, .pathTraversal: .pathTraversal,
        .serverSideRequestForgery: .requestForgery, .remoteFileInclusion: .fileInclusion,
        .xmlExternalEntity: .xmlExternalEntity, .templateInjection: .templateInjection,
        .noSQLInjection: .nosqlInjection, .directoryInjection: .ldapInjection, .lookupInjection: .codeInjection,
        .headerInjection: .protocolAbuse, .scanner: .scanner, .protocolAbuse: .protocolAbuse,
    ]

    @Test(arguments: FindingCategory.allCases)
    func `A finding's category is the contract's of the same meaning`(category: FindingCategory) {
        #expect(AttackCategory(rawValue: Int32(category.contractNumber)) == Self.meanings[category])
    }
}
