internal import Core

/// Where the next page of a list begins: the last row's time and identifier, as text a caller hands back unread.
struct PageCursor: Equatable {
    let moment: Timestamp
    let id: UUIDv7

    init(_ moment: Timestamp, _ id: UUIDv7) {
        self.moment = moment
        self.id = id
    }

    /// Nil for what is none of ours.
    init?(_ text: String) {
        let parts = text.split(separator: "_")
        guard parts.count == 2, let nanoseconds = Int64(parts[0]), let id = UUIDv7(parts[1]) else { return nil }
        self.init(Timestamp(nanoseconds: nanoseconds), id)
    }

    var text: String { "\(moment.nanoseconds)_\(id)" }
}
