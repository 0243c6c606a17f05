/// The command line.
struct Arguments {
    var folder = "../shared/corpora"
    var output: String?
    var showsMisses = false
    var showsFalse = false
    var showsRules = false
    var category: String?
    var limit = 40
    var text: String?
    var sets: [String] = []

    init(_ words: ArraySlice<String>) {
        var words = words
        while let word = words.popFirst() {
            switch word {
            case "--corpora": folder = words.popFirst() ?? folder
            case "--write": output = words.popFirst()
            case "--misses": showsMisses = true
            case "--false": showsFalse = true
            case "--rules": showsRules = true
            case "--category": category = words.popFirst()
            case "--text": text = words.popFirst()
            case "--limit": limit = words.popFirst().flatMap { Int($0) } ?? limit
            default: sets.append(word)
            }
        }
    }
}
