internal import Inspection

/// A rule file, and behind the first null byte a request that its rules judge.
enum SecLangFuzzing {
    static func load(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = Array(parts[0])
        let source = SecLangSource(
            read: { $0 == "rules" ? text : nil }, expand: { $0 == "rules" ? [$0] : [] })
        guard let program = try? SecLangProgram(files: ["rules"], from: source),
            let engine = try? SecLangEngine(program), var scratch = try? engine.makeScratch()
        else { return }
        let target = parts.count > 1 ? Array(parts[1]) : []
        let request = InspectedRequest(
            method: "POST", target: target,
            headers: [.init("cookie", target), .init("content-type", "application/json")],
            body: target)
        let verdict = engine.inspect(
            request, response: InspectedResponse(status: 200, body: target), SecLangConnection(), &scratch)
        precondition(verdict.matches.count <= 1_024)
    }
}
