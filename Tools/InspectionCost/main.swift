// `inspection-cost ROW [COUNT]`: the built-in engine judges COUNT honest requests of one kind, and nothing else: what
// `valgrind --tool=callgrind` or `perf stat` count divided by COUNT is what such a request costs. Without a ROW it names them.
internal import Glibc
internal import Inspection
internal import Measuring

let rows: [(name: String, make: (inout BenchmarkRequests) -> InspectedRequest)] = [
    ("get", { $0.smallGet() }), ("query", { $0.longGet() }), ("form", { $0.form(bytes: 4_096) }),
    ("json", { $0.json(bytes: 4_096) }), ("text", { $0.text(bytes: 65_536) }),
    ("large-form", { $0.form(bytes: 65_536) }), ("large-json", { $0.json(bytes: 65_536) }),
]
let words = CommandLine.arguments.dropFirst()
guard let row = rows.first(where: { $0.name == words.first }) else {
    print("usage: inspection-cost \(rows.map(\.name).joined(separator: "|")) [COUNT]")
    exit(2)
}
let count = words.dropFirst().first.flatMap { Int($0) } ?? 1_000
let engine = try InspectionEngine.builtIn()
var scratch = try InspectionScratch()
let requests = BenchmarkRequests.all(row.make)
for turn in 0..<count {
    let verdict = engine.inspect(requests[turn % requests.count], .standard, &scratch)
    guard verdict.action == .allow else { fatalError("an honest request was judged \(verdict)") }
}
