internal import Core
internal import ServiceKit

/// Every key of the audit service beyond the kit's.
struct Configuration: ServiceConfiguration {
    /// Messages appended in one transaction, at most: one wait for the disk, one lock of the log's end.
    let batch: Int
    /// How long the first message of such a batch waits for others.
    let linger: Duration

    init(from reader: inout ConfigurationReader) {
        batch = reader.integer(
            "batch", default: 500, in: 1...5_000, about: "Messages appended to the log in one transaction, at most.")
        linger = reader.duration(
            "linger", default: .milliseconds(10), in: .zero ... .seconds(1),
            about: "How long the first message of a batch waits for others.")
    }
}
