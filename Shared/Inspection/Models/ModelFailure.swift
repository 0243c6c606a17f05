/// Why a model file is not used. What was in force stays in force.
package enum ModelFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLong(bytes: Int, maximum: Int)
    case notAModel
    case otherFormat(version: UInt32, known: UInt32)
    case otherFeatures(version: UInt32, known: UInt32)
    case damaged
    case malformed(part: String)
    /// The model's own examples come out differently here: it was trained for another reading of texts.
    case readOtherwise(example: Int)

    package var description: String {
        switch self {
        case .tooLong(let bytes, let maximum):
            "a model file of \(bytes) bytes is longer than the \(maximum) allowed; name the file that `make train` wrote"
        case .notAModel: "this is not a model file; name the file that `make train` wrote"
        case .otherFormat(let version, let known):
            "the model file has format \(version) where this release reads \(known); train it with this release's "
                + "`make train`"
        case .otherFeatures(let version, let known):
            "the model was trained on features \(version) where this release computes \(known); train it with this "
                + "release's `make train`"
        case .damaged: "the model file's checksum is wrong: it was cut or changed on its way; copy it again"
        case .malformed(let part): "the model file's \(part) cannot be used; write the file again with `make train`"
        case .readOtherwise(let example):
            "the model's example \(example) comes out otherwise than when it was trained; train it with this release's "
                + "`make train`"
        }
    }
}
