/// Where the next page of a list begins: the last row's time and identifier, as text a caller hands back unread.
///
/// Format: `<nanoseconds since 1970>_<uuid>`.
package struct PageCursor: Sendable, Equatable, CustomStringConvertible {
    package let moment: Timestamp
    package let id: UUIDv7

    package init(_ moment: Timestamp, _ id: UUIDv7) {
        self.moment = moment
        self.id = id
    }

    /// Nil for what is none of ours.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let nanoseconds = Int64(parts[0]), nanoseconds >= 0, let id = UUIDv7(parts[1]) else {
            return nil
        }
        self.init(Timestamp(nanoseconds: nanoseconds), id)
    }

    package var description: String { "\(moment.nanoseconds)_\(id)" }
}
