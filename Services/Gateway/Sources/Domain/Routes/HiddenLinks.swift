/// A link in HTML pages that no person sees and no screen reader reads; whoever follows it reads what is not there to be
/// read, and is led into the labyrinth.
package struct HiddenLinks: Sendable, Equatable {
    /// Begins and ends with a slash; requests of the same route below it go to the labyrinth.
    package var below: String

    package init(below: String) { self.below = below }

    package func leads(_ path: RequestPath) -> Bool { path.bytes.starts(with: below.utf8) }

    /// `hidden` needs no style, so no policy of the page can undo it.
    package func markup(leaf: String) -> [UInt8] {
        Array(
            "\n<a href=\"\(below)\(leaf)/\" rel=\"nofollow\" hidden aria-hidden=\"true\" tabindex=\"-1\">archive</a>\n"
                .utf8)
    }

    /// Only whole documents: a fragment that a script puts into a page must stay what it is.
    package static func isDocument(_ beginning: some Collection<UInt8>) -> Bool {
        var rest = beginning.drop { $0 == 0xef || $0 == 0xbb || $0 == 0xbf }
        rest = rest.drop { $0 <= 0x20 }
        return ["<!doctype html", "<html"].contains { opening in
            rest.count >= opening.utf8.count && zip(rest, opening.utf8).allSatisfy { lowercase($0) == $1 }
        }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
