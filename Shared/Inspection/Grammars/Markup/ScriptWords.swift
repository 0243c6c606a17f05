/// Names of the browser's world that injected script cannot do without.
enum ScriptWord: UInt8, Sendable {
    /// Shows that script runs: what a proof of concept calls.
    case dialogue
    /// Runs text as code, or sends something away.
    case sink
    /// The page and what everything hangs on.
    case root
    /// Reaches `Function` from any value.
    case constructor

    static let table = WordTable<ScriptWord>(words)

    /// Every word, for the gate.
    static let all = words.flatMap { $0.1.split(separator: " ").map(String.init) }

    private static let words: [(ScriptWord, String)] = [
        (.dialogue, "alert confirm prompt"),
        (
            .sink,
            "eval settimeout setinterval setimmediate execscript fetch importscripts xmlhttprequest function sendbeacon fromcharcode atob unescape decodeuri decodeuricomponent write writeln insertadjacenthtml"
        ),
        (.root, "window self top parent frames globalthis document this location navigator opener"),
        (.constructor, "constructor"),
    ]

    /// Members of `document` and `window` that a page's visitor has no reason to write about with a dot before them.
    static let members = WordTable<Bool>([
        (
            true,
            "cookie domain write writeln location body innerhtml outerhtml createelement getelementbyid getelementsbytagname queryselector queryselectorall documentelement forms referrer defaultview localstorage sessionstorage eval alert confirm prompt open name onerror opener parent top settimeout setinterval href assign replace fetch scripts designmode execcommand"
        )
    ])
}
