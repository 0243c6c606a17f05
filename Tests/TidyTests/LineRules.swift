import Foundation
import Testing

/// A pattern that no line of some files may contain. `example` is a line that breaks the rule, so that a pattern that
/// matches nothing is itself a failing test.
struct LineRule: Sendable, CustomTestStringConvertible {
    let ban: String
    let pattern: String
    let example: String
    let instead: String
    /// Paths (or folders) where the rule does not hold, each with its reason beside it.
    var except: [String] = []
    var applies: @Sendable (SourceFile) -> Bool = { $0.isSwift && !$0.isGenerated }

    var testDescription: String { ban }

    func violations(in files: [SourceFile]) throws -> [String] {
        let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
        return files.filter { file in
            applies(file) && !except.contains { file.path == $0 || file.path.hasPrefix($0 + "/") }
        }.flatMap { file in
            let text = file.text as NSString
            return expression.matches(in: file.text, range: NSRange(location: 0, length: text.length)).map { match in
                let line = text.substring(to: match.range.location).count { $0 == "\n" } + 1
                return "\(file.path):\(line): \(text.substring(with: match.range))"
            }
        }
    }

    static let isLinkedByServices: @Sendable (SourceFile) -> Bool = {
        $0.isSwift && !$0.isGenerated && $0.isBelow("Shared", "Services")
    }
    static let isTest: @Sendable (SourceFile) -> Bool = { $0.isSwift && $0.isBelow("Tests") }
    static let isAnyText: @Sendable (SourceFile) -> Bool = { !$0.isGenerated }
}

extension LineRule {
    /// This folder spells out what it bans.
    private static let rules = "Tests/TidyTests"

    static let all: [LineRule] = [
        LineRule(
            ban: "Foundation in what a service links", pattern: #"^\s*(\w+ )?import Foundation\w*"#,
            example: "internal import Foundation",
            instead: "Glibc, or a function of Core: Foundation makes a binary of 6 MB one of 58 MB",
            applies: isLinkedByServices),
        LineRule(
            ban: "try!", pattern: #"\btry!"#, example: "let x = try! f()", instead: "throw, or handle the error",
            except: [rules]),
        LineRule(
            ban: "as!", pattern: #"\bas! "#, example: "let x = y as! Int", instead: "as? and a guard", except: [rules]),
        LineRule(
            ban: "unfinished business in comments", pattern: #"\b(TODO|FIXME|XXX|HACK)\b"#, example: "// TODO: later",
            instead: "the folder's README says what is thin", except: [rules],
            applies: isAnyText),
        LineRule(
            ban: "paths of one machine", pattern: #"(?<![\w.$~}])/(home|root|Users|work)/\w"#,
            example: #"let path = "/home/someone/x""#, instead: "a path relative to the checkout", except: [rules],
            applies: isAnyText),
        LineRule(
            ban: "type names that say nothing",
            pattern: #"\b(class|struct|enum|actor|protocol) \w*(Manager|Helpers?|Utils?|Utilities|Misc)\b"#,
            example: "final class ConnectionManager {", instead: "a name for what it does", except: [rules]),
        LineRule(
            ban: "unstructured tasks outside of Reactor and ServiceKit",
            pattern: #"\bTask(\.detached)?\s*(\(|\{)"#, example: "Task { await work() }",
            instead: "reactor.run, or a task group", except: ["Shared/Reactor", "Shared/ServiceKit"],
            applies: isLinkedByServices),
        LineRule(
            ban: "printing outside of the logger", pattern: #"(?<![\w.]|func )(debugPrint|print|dump|NSLog)\("#,
            example: #"print("hello")"#, instead: "log through Telemetry", applies: isLinkedByServices),
        LineRule(
            ban: "waiting for a clock in tests",
            pattern: #"^(?!.*\bwhile\b).*\b(Task\.sleep|usleep|Thread\.sleep|[^.\w]sleep)\("#,
            example: "try await Task.sleep(for: .seconds(1))", instead: "eventually(…), which waits for a condition",
            except: [rules, "Tests/TestSupport"], applies: isTest),
        LineRule(
            ban: "tests that are switched off", pattern: #"\.disabled\("#, example: #"@Test(.disabled("slow"))"#,
            instead: "a test that runs, or none", except: [rules], applies: isTest),
        LineRule(
            ban: "_GNU_SOURCE in a C module", pattern: #"^\s*#\s*define _GNU_SOURCE"#, example: "#define _GNU_SOURCE",
            instead: "declare the function by hand: glibc's types then differ from those Swift's Glibc module has",
            applies: { $0.isBelow("Shared/CLibraries") && !$0.path.hasSuffix(".c") }),
        LineRule(
            ban: "SQL outside of Storage",
            pattern: #""\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) \w"#, example: #"db.query("SELECT 1 x")"#,
            instead: "a function of the table's file in Storage/"
        ) { $0.isSwift && $0.isBelow("Services") && !$0.path.contains("/Storage/") },
    ]
}
