internal import Foundation
internal import Inspection

/// Which model judges which set.
struct ModelChoice {
    private let folder: String?
    var hasHeldOut: Bool { folder != nil }
    let shipped: InspectionModel?

    init(_ arguments: Arguments) throws {
        folder = arguments.modelsFolder
        shipped = try arguments.shippedModel.map(Self.read)
    }

    /// The model that has not seen this set; nil judges by rules and grammars alone.
    func trained(without set: String) throws -> InspectionModel? {
        try folder.map { try Self.read("\($0)/\(set).model") }
    }

    private static func read(_ path: String) throws -> InspectionModel {
        try InspectionModel([UInt8](try Data(contentsOf: URL(filePath: path))))
    }
}
