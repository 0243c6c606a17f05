// `scorecard [--corpora FOLDER] [--models FOLDER] [--model FILE] [--write FILE] [--misses] [--false] [--category NAME]
// [--limit N] [--levels FILE] [SET …]`
// Judges every labelled request of the corpora in process, as the gateway would, and prints what was found and what was
// wrongly refused. With `--models`, each set is judged with the model that was trained without it (`SET.model`), which
// is the figure that counts; `--model` is the one that ships and has seen them all, and judges alone where there are no
// others. `--text TEXT` judges one query value.
// `--misses` and `--false` list examples of what went wrong, `--rules` how often each rule decided, `--verdicts FILE`
// writes what became of every request, for comparing two runs. `--levels FILE` puts ModSecurity's figures at each paranoia
// level beside ours. `--export FOLDER` writes what training reads.
internal import Foundation
internal import Glibc
internal import Inspection
internal import Measuring

let arguments = Arguments(CommandLine.arguments.dropFirst())
let available = Corpus.names(in: arguments.folder)
if let text = arguments.text {
    var judge = Judge(try InspectionEngine.builtIn(), try InspectionScratch(), arguments)
    judge.explain(text, with: try ModelChoice(arguments).shipped)
    exit(0)
}
guard !available.isEmpty else {
    print("scorecard: no corpora (*.jsonl.gz) in \(arguments.folder); name their folder with --corpora")
    exit(0)
}
if let unknown = arguments.sets.first(where: { !available.contains($0) }) {
    print("scorecard: there is no set \(unknown) in \(arguments.folder), only: \(available.joined(separator: ", "))")
    exit(2)
}

let sets = arguments.sets.isEmpty ? available : arguments.sets
if let folder = arguments.exportFolder {
    var export = Export(try InspectionEngine.builtIn(), try InspectionScratch())
    for name in sets { try export.write(try Corpus(name, in: arguments.folder), to: folder) }
    exit(0)
}

let models = try ModelChoice(arguments)
var judge = Judge(try InspectionEngine.builtIn(), try InspectionScratch(), arguments)
var rows: [Report.Row] = []
for name in sets {
    let corpus = try Corpus(name, in: arguments.folder)
    let heldOut = try models.trained(without: name)
    rows.append(
        Report.Row(
            counted: judge.judge(corpus, with: models.hasHeldOut ? heldOut : models.shipped, isShown: true),
            withoutModel: heldOut == nil ? nil : judge.judge(corpus, with: nil),
            withShipped: heldOut == nil ? nil : models.shipped.map { judge.judge(corpus, with: $0) }))
}
let levels = try arguments.levelsFile.map { Peers.levels(try String(contentsOfFile: $0, encoding: .utf8)) }
let report = Report(rows: rows, levels: levels ?? [:])
print(report.markdown)
if let file = arguments.output { try report.markdown.write(toFile: file, atomically: true, encoding: .utf8) }
if let file = arguments.verdictsFile {
    try judge.verdicts.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
}
judge.printRules()
