import Testing

@testable import Inspection

@Suite struct KnownValuesTests {
    private let rules = """
        SecRule ARGS|REQUEST_HEADERS "@rx evil" "id:1,phase:2,pass"
        SecRule REQUEST_HEADERS:User-Agent "@rx bot" "id:2,phase:1,pass"
        SecRule ARGS:b "@rx bot" "id:3,phase:2,pass,t:lowercase"
        SecRule ARGS:/^c/ "@rx ^\\d+$" "id:4,phase:2,pass"
        SecRule ARGS|!ARGS:d "@streq bot" "id:5,phase:2,pass"
        """

    private func request(_ target: String, agent: String = "x") -> InspectedRequest {
        InspectedRequest(method: "GET", target: Array(target.utf8), headers: [.init("User-Agent", agent)])
    }

    @Test func theSameBytesUnderAnotherNameOrKindAreAnotherValue() throws {
        let engine = try SecLangEngine(try SecLangProgram(files: ["r"], from: .texts(["r": rules])))
        var scratch = try engine.makeScratch()
        let exchanges: [(InspectedRequest, [Int])] = [
            (request("/?a=boat"), []), (request("/?a=evil"), [1]), (request("/?d=bot"), []), (request("/?a=bot"), [5]),
            (request("/?b=BOT"), [3]), (request("/?b=bot"), [3, 5]), (request("/?a=42"), []), (request("/?c=42"), [4]),
            (request("/?cc=42"), [4]), (request("/", agent: "bot"), [2]), (request("/", agent: "evil bot"), [2, 1]),
        ]
        // The second and third time most of it is known.
        for _ in 0..<3 {
            for (request, expected) in exchanges {
                let verdict = engine.inspect(request, SecLangConnection(), &scratch)
                #expect(verdict.ruleIDs == expected, "\(String(decoding: request.target, as: UTF8.self))")
            }
        }
    }

    @Test func whatIsForgottenIsAskedAgain() throws {
        let engine = try SecLangEngine(try SecLangProgram(files: ["r"], from: .texts(["r": rules])))
        var scratch = try engine.makeScratch()
        for number in 0..<5_000 {
            let word = number.isMultiple(of: 7) ? "evil" : "good"
            let verdict = engine.inspect(request("/?a\(number)=\(word)\(number % 100)"), SecLangConnection(), &scratch)
            #expect(verdict.ruleIDs == (number.isMultiple(of: 7) ? [1] : []))
        }
    }

    @Test func aTableHoldsWhatWasStored() {
        var known = KnownValues()
        let (name, value) = (Array("accept".utf8), Array("text/html".utf8))
        func knows(_ epoch: UInt64, _ kind: Int, _ name: [UInt8], _ value: [UInt8], _ hash: UInt64) -> Bool {
            known.find(hash, epoch, kind, name.span, value.span)?.count == 1
        }
        guard let hash = known.hash(3, 7, name.span, value.span) else {
            Issue.record("it is short enough")
            return
        }
        #expect(!knows(7, 3, name, value, hash))
        var questions = KnownValues.Questions()
        let hasRoom = (0..<5).map { questions.insert($0) }
        #expect(hasRoom == [true, true, true, true, false] && questions[2] == 2)
        questions = KnownValues.Questions()
        _ = questions.insert(77)
        known.insert(hash, 7, 3, name.span, value.span, questions)
        let answers = [
            knows(7, 3, name, value, hash), knows(8, 3, name, value, hash), knows(7, 4, name, value, hash),
            // The same bytes, cut elsewhere.
            knows(7, 3, Array("accep".utf8), Array("ttext/html".utf8), hash),
        ]
        #expect(answers == [true, false, false, false])
        let long = [UInt8](repeating: 0x61, count: KnownValues.longest + 1)
        let isTooLong = known.hash(3, 7, name.span, long.span) == nil
        #expect(isTooLong)
    }
}
