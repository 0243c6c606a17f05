enum GeneratorFailure: Error, CustomStringConvertible {
    case unreadableDescriptors
    case protocFailed(String)
    /// Where, and what to do instead.
    case refused(String, String)
    case outdated([String])

    var description: String {
        switch self {
        case .unreadableDescriptors: "protoc wrote a descriptor set that protobuf-c cannot read"
        case .protocFailed(let message): "protoc refused the contracts:\n\(message)"
        case .refused(let place, let advice): "\(place): \(advice)"
        case .outdated(let files):
            "not current: \(files.joined(separator: ", ")). Run `make proto` and commit the result."
        }
    }
}
