/// How many entries a page of a list has: as many as are asked for, up to a bound; for 0 the usual number.
package struct PageSize: Sendable {
    private let usual: Int
    private let most: Int

    package init(_ usual: Int, atMost most: Int) {
        self.usual = usual
        self.most = most
    }

    package func entries(_ asked: UInt32) -> Int { asked == 0 ? usual : min(Int(asked), most) }
}

extension Array {
    /// Where the next page begins, as the last entry of this one says; empty when this page is not full and thus the last.
    package func nextCursor(of limit: Int, _ cursor: (Element) -> some CustomStringConvertible) -> String {
        count < limit ? "" : last.map { cursor($0).description } ?? ""
    }
}

extension String {
    /// A cursor that a caller hands back: nil where a list begins, `failure` for what is none of ours.
    package func asCursor<Cursor, Problem: Error>(
        _ read: (String) -> Cursor?, else failure: Problem
    ) throws(Problem) -> Cursor? {
        guard !isEmpty else { return nil }
        guard let cursor = read(self) else { throw failure }
        return cursor
    }
}
