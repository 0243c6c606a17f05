/// The command line.
struct Arguments {
    var folder = "../shared/corpora"
    var output: String?
    var showsMisses = false
    var showsFalse = false
    var showsRules = false
    /// Where to write each request's score, so that two runs can be compared.
    var verdictsFile: String?
    var category: String?
    var limit = 40
    var text: String?
    /// Where the models are that were each trained without one set: `SET.model`, judged with on that set only.
    var modelsFolder: String?
    /// The model that ships, for the figures with what it has seen.
    var shippedModel: String?
    /// What ModSecurity makes of the sets at each paranoia level, as `detection-benchmark levels` writes it.
    var levelsFile: String?
    /// Where to write what training reads.
    var exportFolder: String?
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
            case "--verdicts": verdictsFile = words.popFirst()
            case "--category": category = words.popFirst()
            case "--models": modelsFolder = words.popFirst()
            case "--model": shippedModel = words.popFirst()
            case "--levels": levelsFile = words.popFirst()
            case "--export": exportFolder = words.popFirst()
            case "--text": text = words.popFirst()
            case "--limit": limit = words.popFirst().flatMap { Int($0) } ?? limit
            default: sets.append(word)
            }
        }
    }
}
