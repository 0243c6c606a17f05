internal import PatternMatching

/// Runs a SecLang program. Immutable after `init`: any number of threads share one, each with its own scratch.
///
/// What comes out is what ModSecurity's sequential evaluation gives. What is different is the order of work: values are
/// taken from the request once, all rules' first tests that depend on nothing but the request are answered for all
/// values together (see `Prefilter`), and then the rules are walked in order with the answers at hand, of which nearly all
/// are "no" and cost nothing.
package final class SecLangEngine: Sendable {
    let program: SecLangProgram
    let limits: SecLangLimits
    let grammars: SecLangGrammars
    /// False asks every rule of every value when its turn comes: slow, and what the fast way is compared with.
    let isPrefiltering: Bool
    private let expectations: Expectations

    package init(
        _ program: SecLangProgram, grammars: SecLangGrammars = .standard, limits: SecLangLimits = .standard,
        isPrefiltering: Bool = true
    ) throws(InspectionFailure) {
        self.program = program
        self.limits = limits
        self.grammars = grammars
        self.isPrefiltering = isPrefiltering
        expectations = Expectations(program)
    }

    package func makeScratch() throws(InspectionFailure) -> SecLangScratch {
        var scratch = try SecLangScratch(program, expectations)
        scratch.opening = opening(&scratch)
        guard isPrefiltering else { return scratch }
        // An empty request shows which rules' turns come.
        let request = InspectedRequest(method: "GET", target: [UInt8(ascii: "/")], headers: [])
        _ = inspect(request, response: InspectedResponse(status: 200), SecLangConnection(), &scratch)
        return scratch
    }

    package func inspect(
        _ request: InspectedRequest, response: InspectedResponse? = nil,
        _ connection: SecLangConnection = SecLangConnection(), _ scratch: inout SecLangScratch
    ) -> SecLangVerdict {
        scratch.reset(program, limits)
        guard scratch.mode != .off else { return .clean }
        inspectRequest(request, connection, &scratch)
        if let response, scratch.verdict.interruption == nil || scratch.mode != .on {
            inspectResponse(response, &scratch)
        }
        answer(0..<scratch.table.values.count, phases: 5...5, &scratch)
        run(phase: 5, &scratch)
        if isPrefiltering { scratch.expectations.endRequest(program) }
        return conclude(&scratch)
    }

    private func inspectRequest(
        _ request: InspectedRequest, _ connection: SecLangConnection, _ scratch: inout SecLangScratch
    ) {
        scratch.requestBodyLength = request.body.count
        scratch.epochSeconds = connection.epochSeconds
        RequestParts.collect(request, connection, into: &scratch.table)
        scratch.table.index()
        let contentType = request.headers.first { $0.name.utf8.span.equalsIgnoringCase("content-type".utf8.span) }
        if let contentType { scratch.processor = BodyParts.processor(contentType.value.span) }
        answer(0..<scratch.table.values.count, phases: 1...2, &scratch)
        guard run(phase: 1, &scratch) else { return }
        if !request.body.isEmpty, scratch.readsRequestBody {
            let first = scratch.table.values.count
            let type = contentType?.value ?? []
            BodyParts.collect(
                request.body.span, contentType: type.span, scratch.processor, isForced: scratch.isBodyForced,
                into: &scratch.table)
            if !request.isBodyWhole {
                scratch.table.flags.subtract([.bodyError, .multipartStrictError, .unmatchedBoundary])
            }
            scratch.table.index()
            answer(first..<scratch.table.values.count, phases: 2...2, &scratch)
        }
        run(phase: 2, &scratch)
    }

    private func inspectResponse(_ response: InspectedResponse, _ scratch: inout SecLangScratch) {
        scratch.responseBodyLength = response.body.count
        RequestParts.collect(head: response, into: &scratch.table)
        scratch.table.index()
        answer(0..<scratch.table.values.count, phases: 3...4, &scratch)
        guard run(phase: 3, &scratch) else { return }
        if scratch.readsResponseBody, !response.body.isEmpty {
            let first = scratch.table.values.count
            scratch.table.add(.responseBody, response.body.span)
            scratch.table.index()
            answer(first..<scratch.table.values.count, phases: 4...4, &scratch)
        }
        run(phase: 4, &scratch)
    }

    private func conclude(_ scratch: inout SecLangScratch) -> SecLangVerdict {
        var verdict = SecLangVerdict()
        swap(&verdict, &scratch.verdict)
        verdict.isEnforced = scratch.mode == .on
        verdict.isComplete = !scratch.table.flags.contains(.isIncomplete)
        for cell in program.wellKnown.inbound {
            verdict.inboundScore = max(verdict.inboundScore, number(ofCell: cell, &scratch))
        }
        for cell in program.wellKnown.outbound {
            verdict.outboundScore = max(verdict.outboundScore, number(ofCell: cell, &scratch))
        }
        return verdict
    }
}
