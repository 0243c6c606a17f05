// `scorecard [--corpora FOLDER] [--write FILE] [--misses] [--false] [--category NAME] [--limit N] [SET …]`
// Judges every labelled request of the corpora in process, as the gateway would, and prints what was found and what was
// wrongly refused. `--text TEXT` judges one query value. `--misses` and `--false` list examples of what went wrong, `--rules` how often each rule decided.
internal import Foundation
internal import Glibc
internal import Inspection

let arguments = Arguments(CommandLine.arguments.dropFirst())
let available = Corpus.names(in: arguments.folder)
if let text = arguments.text {
    var judge = Judge(try InspectionEngine.builtIn(), try InspectionScratch(), arguments)
    judge.explain(text)
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

var judge = Judge(try InspectionEngine.builtIn(), try InspectionScratch(), arguments)
var tallies: [Tally] = []
for name in arguments.sets.isEmpty ? available : arguments.sets {
    tallies.append(judge.judge(try Corpus(name, in: arguments.folder)))
}
let report = Report(tallies: tallies)
print(report.markdown)
if let file = arguments.output { try report.markdown.write(toFile: file, atomically: true, encoding: .utf8) }
judge.printRules()
