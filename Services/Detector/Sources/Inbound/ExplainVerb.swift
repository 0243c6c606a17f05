import Glibc
import Inspection

/// `detector explain FILE.http`: judges a request kept in a file, offline, and says why. `-` reads standard input.
enum ExplainVerb {
    private static let usage = "usage: detector explain FILE.http (a request line, headers, an empty line, the body)\n"

    static func run(_ arguments: [String]) -> Never {
        guard arguments.count == 1, let path = arguments.first else { OfflineVerb.end(usage, status: 64) }
        do {
            let engine = try InspectionEngine.builtIn()
            var scratch = try InspectionScratch()
            guard let bytes = OfflineVerb.read(path) else {
                OfflineVerb.end("detector: \(path) cannot be read\n", status: 66)
            }
            let verdict = engine.inspect(try RequestText.parse(bytes), .standard, &scratch)
            OfflineVerb.say(Explanation.text(verdict, engineVersion: engine.version))
            exit(0)
        } catch {
            OfflineVerb.end("detector: \(path): \(error)\n", status: 65)
        }
    }
}
