/// A value as a message shows it: quoted, cut to a readable length, without anything that could move a cursor.
package func quoted(_ text: String) -> String {
    let safe = text.unicodeScalars.prefix(80).map { scalar in
        scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            ? "\u{fffd}" : String(scalar)
    }
    return "\"\(safe.joined())\(text.unicodeScalars.count > 80 ? "…" : "")\""
}

/// The candidate that a mistyped word most likely meant, if one is near: at most a third of its letters differ.
package func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, min(4, word.count / 3))
    return candidates.map { (name: $0, distance: editDistance(word, $0)) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
}

/// Levenshtein's distance by rows, on words that were cut to a length a name may have.
private func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.utf8.prefix(128)), Array(right.utf8.prefix(128)))
    var row = Array(0...right.count)
    for (position, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = position + 1
        for (other, candidate) in right.enumerated() {
            let substituted = diagonal + (character == candidate ? 0 : 1)
            diagonal = row[other + 1]
            row[other + 1] = min(substituted, row[other] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
