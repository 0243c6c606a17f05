/// What stands between a template's braces, read once from left to right.
struct TemplateExpression {
    /// Only constants, and at least one operator between them.
    private(set) var isComputedConstant = false
    /// A string's, list's or number's member or filter: `''.class`, `['id']|filter(…)`.
    private(set) var reachesFromConstant = false
    /// Reaches for classes, the run time, or the engine's own objects.
    private(set) var isDangerous = false

    private var constants = 0
    private var operators = 0
    private var names = 0
    private var isAfterConstant = false

    /// Backquotes stand for a command.
    private let runsCommands: Bool

    init(_ text: Span<UInt8>, _ body: Range<Int>, runsCommands: Bool) {
        self.runsCommands = runsCommands
        var index = body.lowerBound
        while index < body.upperBound, !isDangerous {
            let byte = text[index]
            if byte <= 0x20 {
                index += 1
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                index = string(text, index, body.upperBound)
            } else if byte.isDigit {
                index = number(text, index, body.upperBound)
            } else if byte.isWordByte {
                index = word(text, index, body)
            } else {
                index = sign(text, index, byte, body.upperBound)
            }
        }
        isComputedConstant = names == 0 && constants >= 2 && operators > 0
    }

    private mutating func string(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var index = start + 1
        while index < end, text[index] != text[start] { index += text[index] == UInt8(ascii: "\\") ? 2 : 1 }
        if index < end, TemplateWord.table(text, (start + 1)..<index) == .member { isDangerous = true }
        constant()
        return min(index + 1, end)
    }

    private mutating func number(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, text[index].isWordByte || text[index] == UInt8(ascii: ".") { index += 1 }
        let isNumber = (start..<index).allSatisfy { text[$0].isDigit || text[$0] == UInt8(ascii: ".") }
        if isNumber { constant() } else { names += 1 }
        return index
    }

    private mutating func constant() {
        constants += 1
        isAfterConstant = true
    }

    private mutating func sign(_ text: Span<UInt8>, _ index: Int, _ byte: UInt8, _ end: Int) -> Int {
        let next = index + 1 < end ? text[index + 1] : 0
        defer { isAfterConstant = byte == UInt8(ascii: "]") && names == 0 }
        switch byte {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "%"): operators += 1
        // A minus joins dates and parts of numbers too.
        case UInt8(ascii: "-"): if isAfterConstant, index > 0, text[index - 1] == 0x20 { operators += 1 }
        case UInt8(ascii: "."):
            if isAfterConstant, next.isLetter || next == UInt8(ascii: "_") { reachesFromConstant = true }
        case UInt8(ascii: "|"):
            let filter = next == 0x20 ? index + 2 : index + 1
            if text.hasPrefix("attr(", at: filter) { isDangerous = true }
            if isAfterConstant, text.isOne(of: ["filter(", "map(", "reduce(", "sort(", "attr"], at: filter) {
                isDangerous = true
            }
        case UInt8(ascii: "`"): isDangerous = runsCommands && next.isLetter && closesBackquote(text, index + 1, end)
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "="):
            break
        default: names += 1
        }
        return index + 1
    }

    private func closesBackquote(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        (start..<max(start, end)).contains { text[$0] == UInt8(ascii: "`") }
    }

    private mutating func word(_ text: Span<UInt8>, _ start: Int, _ body: Range<Int>) -> Int {
        var end = start
        while end < body.upperBound, text[end].isWordByte { end += 1 }
        names += 1
        isAfterConstant = false
        let before = start > body.lowerBound ? text[start - 1] : 0
        let after = end < text.count ? text[end] : 0
        if end - start > 4, text.hasPrefix("__", at: start), text.hasPrefix("__", at: end - 2) {
            isDangerous = true
            return end
        }
        let isMember = before == UInt8(ascii: ".") || before == UInt8(ascii: "'") || before == UInt8(ascii: "\"")
        switch TemplateWord.table(text, start..<end) {
        case .runtime: isDangerous = true
        case .member: isDangerous = isMember
        case .link: isDangerous = isMember && (after == UInt8(ascii: ".") || after == UInt8(ascii: "("))
        case .call: isDangerous = after == UInt8(ascii: "(")
        case .freeCall:
            isDangerous = after == UInt8(ascii: "(") && (!isMember || text.hasPrefix("file.", at: start - 5))
        case .type: isDangerous = text.hasPrefix("(java", at: end)
        case .object: isDangerous = after == UInt8(ascii: ".")
        case .inside: isDangerous = isInside(text, start, end, body)
        // FreeMarker's `"class"?new()`.
        case nil: isDangerous = before == UInt8(ascii: "?") && text.hasPrefix("new(", at: start)
        }
        return end
    }

    /// The whole expression, or its members that only the engine has.
    private func isInside(_ text: Span<UInt8>, _ start: Int, _ end: Int, _ body: Range<Int>) -> Bool {
        if text.isOne(of: [".items(", ".iteritems("], at: end) { return true }
        guard (body.lowerBound..<start).allSatisfy({ text[$0] <= 0x20 || text[$0] == UInt8(ascii: "{") }) else {
            return false
        }
        if (end..<body.upperBound).allSatisfy({ text[$0] <= 0x20 }) { return true }
        guard end < body.upperBound, text[end] == UInt8(ascii: ".") else { return false }
        return text.isOne(
            of: [
                "items", "iteritems", "module", "template", "attr.", "context", "_", "env.", "application", "environ",
                "request", "secret",
            ], at: end + 1)
    }
}

/// Names in an expression that templates for readers have no use for.
enum TemplateWord: UInt8, Sendable {
    /// Dangerous wherever it stands.
    case runtime
    /// Behind a dot or as a key: reaches a value's class.
    case member
    /// The same, but only on the way to something.
    case link
    case call
    /// A call, but not of somebody's member.
    case freeCall
    /// SpEL's way to name a class.
    case type
    /// With a member.
    case object
    /// An object of the engine: alone, or with some of its members.
    case inside

    static let table = WordTable<TemplateWord>([
        (
            .runtime,
            "getruntime getclassloader processbuilder scriptenginemanager subprocess registerundefinedfiltercallback get_flashed_messages lipsum popen child_process mainmodule _memberaccess shell_exec passthru proc_open phpinfo objectconstructor getdeclaredmethod freemarker url_for secret_key"
        ),
        (.member, "mro subclasses constructor forname getclass builtins newinstance classloader diagnostics"),
        (.link, "class"),
        (.call, "system eval touppercase import_module file_get_contents readfile include_file"),
        (.freeCall, "exec dump getenv execute open"), (.type, "t"), (.object, "cycler joiner smarty"),
        (.inside, "self _self config request app"),
    ])
}
