internal import Inspection

/// The first byte chooses the Content-Type, the rest is target and body, split at the first null byte.
enum InspectionFuzzing {
    private static let engine = try? InspectionEngine.builtIn()
    private static let types = [
        "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/xml", "",
        "application/x-www-form-urlencoded; charset=ibm037", "application/json; charset=utf-16",
    ]
    private static let encodings = ["", "", "", "gzip", "br"]

    static func inspect(_ bytes: [UInt8]) {
        guard let engine, let first = bytes.first, var scratch = try? InspectionScratch() else { return }
        let parts = bytes.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let request = InspectedRequest(
            method: "POST", target: Array(parts[0]),
            headers: [
                .init("content-type", types[Int(first) % types.count]), .init("cookie", Array(parts[0])),
                .init("content-encoding", encodings[Int(first) / types.count % encodings.count]),
            ],
            body: parts.count > 1 ? Array(parts[1]) : [])
        let verdict = engine.inspect(request, .standard, &scratch)
        precondition(verdict.score >= 0 && verdict.score < 1)
        cut(request.body, type: types[Int(first) % types.count], pieces: Int(first) + 1)
    }

    /// Windows of a body end, and together are not much more than the body.
    private static func cut(_ body: [UInt8], type: String, pieces: Int) {
        var windows = BodyWindows(contentType: Array(type.utf8), size: BodyWindows.smallest)
        var kept = 0
        for start in stride(from: 0, to: body.count, by: pieces) {
            for window in windows.take(Array(body[start..<min(start + pieces, body.count)])) { kept += window.count }
        }
        kept += windows.finish()?.count ?? 0
        precondition(kept <= body.count * 3 + BodyWindows.smallest * 2)
    }

    static func judge(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let text = Array(bytes.dropFirst())
        let verdict = Grammar.allCases[Int(first) % Grammar.allCases.count].judge(text.span)
        precondition(verdict.map { $0.range.lowerBound >= 0 && $0.range.lowerBound <= text.count } ?? true)
    }

    /// As they came, and with the checksum put right, so that what is behind it is reached too.
    static func loadModel(_ bytes: [UInt8]) {
        _ = try? InspectionModel(bytes)
        guard let model = try? InspectionModel(InspectionModel.withChecksum(bytes)) else { return }
        let probability = model.probability(bytes.span)
        precondition(probability >= 0 && probability <= 1)
    }
}
