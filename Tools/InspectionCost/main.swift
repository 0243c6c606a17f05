// `inspection-cost ROW [COUNT]`: the built-in engine judges COUNT honest requests of one kind, and nothing else: what
// `valgrind --tool=callgrind` counts for 2 × COUNT less what it counts for COUNT, divided, is what such a request costs.
// `inspection-cost repeat TYPE TEXT BYTES`: one body of BYTES made of TEXT: twice the bytes cost twice as much, whatever
// the text. `--rules FOLDER` before either: a Core Rule Set judges them, and the built-in engine does not. Without
// arguments it names the rows.
internal import Glibc
internal import Inspection
internal import Measuring

let rows: [(name: String, make: (inout BenchmarkRequests) -> InspectedRequest)] = [
    ("get", { $0.smallGet() }), ("query", { $0.longGet() }), ("form", { $0.form(bytes: 4_096) }),
    ("json", { $0.json(bytes: 4_096) }), ("text", { $0.text(bytes: 65_536) }),
    ("steady-form", { $0.steadyFormPost() }), ("steady-json", { $0.steadyJSONPost() }),
    ("large-form", { $0.form(bytes: 65_536) }), ("large-json", { $0.json(bytes: 65_536) }),
]

/// The requests to judge in turn, and how many.
@MainActor func chosen(_ words: [String]) -> (requests: [InspectedRequest], count: Int)? {
    if words.count == 4, words[0] == "repeat", let bytes = Int(words[3]), !words[2].isEmpty {
        let body = Array(String(repeating: words[2], count: bytes / words[2].utf8.count + 1).utf8.prefix(bytes))
        let header = InspectedRequest.Header("Content-Type", words[1])
        return ([InspectedRequest(method: "POST", target: Array("/".utf8), headers: [header], body: body)], 1)
    }
    guard let row = rows.first(where: { $0.name == words.first }) else { return nil }
    return (BenchmarkRequests.all(row.make), words.dropFirst().first.flatMap { Int($0) } ?? 1_000)
}

var words = Array(CommandLine.arguments.dropFirst())
var folder: String?
if words.count > 1, words[0] == "--rules" {
    folder = words[1]
    words.removeFirst(2)
}
guard let (requests, count) = chosen(words) else {
    print("usage: inspection-cost [--rules FOLDER] \(rows.map(\.name).joined(separator: "|")) [COUNT]")
    print("       inspection-cost [--rules FOLDER] repeat TYPE TEXT BYTES")
    exit(2)
}
if let folder {
    let engine = try SecLangEngine(try CoreRuleSet(folder: folder).load())
    var scratch = try engine.makeScratch()
    for turn in 0..<count { _ = engine.inspect(requests[turn % requests.count], SecLangConnection(), &scratch) }
} else {
    let engine = try InspectionEngine.builtIn()
    var scratch = try InspectionScratch()
    for turn in 0..<count { _ = engine.inspect(requests[turn % requests.count], .standard, &scratch) }
}
