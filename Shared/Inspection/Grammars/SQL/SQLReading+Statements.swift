/// Second statements: whether one begins, judged by what follows its first word.
extension SQLReading {
    /// Whether a statement of its own begins with this word, judged by what follows it.
    mutating func isStatement(_ token: SQLToken, _ text: Span<UInt8>, isSeparate: Bool) -> Bool {
        switch token.word {
        case .select, .statement, .bareStatement: break
        default: return false
        }
        guard let next = tokenizer.next(text) else { return isSeparate && token.range.count >= 8 }
        if case .statement = token.word, isLocal(next, text) { return true }
        switch token.word {
        case .select: return isSelectList(next, text)
        case .bareStatement:
            // `waitfor delay`, `execute immediate`, `exec @x`, `exec('…')`.
            let isWaiting = text.hasPrefix("waitfor", at: token.range.lowerBound)
            let words: [StaticString] = isWaiting ? ["delay", "time"] : ["immediate"]
            if text.isOne(of: words, at: next.range.lowerBound) || isLocal(next, text) { return true }
            if next.kind == .opening { return text[next.range.lowerBound] == UInt8(ascii: "(") && takesText(text) }
            guard next.kind == .word else { return false }
            if SQLWord.catalogue(text, next.range) != nil || hasCataloguePrefix(next, text) { return true }
            return isSeparate && isProcedureCall(text)
        default: return isStatementBody(token, next, text, isSeparate: isSeparate)
        }
    }

    /// ` @x`, not `:x` or `name@x`, which text has too.
    private func isLocal(_ token: SQLToken, _ text: Span<UInt8>) -> Bool {
        token.kind == .variable && text[token.range.lowerBound] == UInt8(ascii: "@")
            && text[token.range.lowerBound - 1] <= 0x20
    }

    private mutating func takesText(_ text: Span<UInt8>) -> Bool {
        guard let argument = tokenizer.next(text) else { return false }
        switch argument.kind {
        case .string, .openString, .variable: return true
        default: return argument.word == .select || argument.word == .function
        }
    }

    private mutating func isSelectList(_ first: SQLToken, _ text: Span<UInt8>) -> Bool {
        switch first.kind {
        case .number, .string, .openString, .variable, .call, .prefix: return true
        case .arithmetic: return text[first.range.lowerBound] == UInt8(ascii: "*")
        // `select(1)`, but `select (1 of 2)` is text.
        case .opening: return text[first.range.lowerBound - 1] > 0x20
        case .word: break
        default: return false
        }
        guard let next = tokenizer.next(text) else { return true }
        return next.word == .from || next.kind == .comma || next.kind == .finalComment || next.kind == .semicolon
    }

    /// `exec name`, `exec name @x = 1`, `exec name 'x', 2`: after the name comes an argument or nothing.
    private mutating func isProcedureCall(_ text: Span<UInt8>) -> Bool {
        guard let next = tokenizer.next(text) else { return false }
        switch next.kind {
        case .variable, .string, .finalComment, .semicolon, .openString: return true
        default: return false
        }
    }

    /// What a statement that no semicolon sets apart is about: a name, and no sentence behind it.
    private mutating func isNamed(_ name: SQLToken, _ text: Span<UInt8>) -> Bool {
        switch name.kind {
        case .string, .call: return true
        case .word where name.word == nil || text.hasPrefix("if", at: name.range.lowerBound): break
        default: return false
        }
        guard let next = tokenizer.next(text) else { return true }
        switch next.kind {
        case .word: return next.word != nil && next.word != .connective
        case .string, .openString, .other, .mark: return false
        default: return true
        }
    }

    /// `drop table x`, `insert into x`, `update x set`, `declare @x`, `if (`.
    private mutating func isStatementBody(_ token: SQLToken, _ next: SQLToken, _ text: Span<UInt8>, isSeparate: Bool)
        -> Bool
    {
        switch next.kind {
        case .variable: return isLocal(next, text)
        case .finalComment, .semicolon:
            let whole: [StaticString] = ["shutdown", "analyze", "commit", "rollback", "vacuum", "reconfigure"]
            return isSeparate && text.isOne(of: whole, at: token.range.lowerBound)
        case .call, .opening: return isSeparate
        default: break
        }
        guard next.word != nil || isSeparate else { return false }
        let isRemoval = text.isOne(of: ["delete", "copy"], at: token.range.lowerBound)
        // `database`, `schema` and `user` are functions too.
        let isNamedObject = text.isOne(of: ["database", "schema", "user"], at: next.range.lowerBound)
        let isObject = next.word == .object || next.word == .into || isNamedObject || next.word == .from && isRemoval
        guard let third = tokenizer.next(text) else { return isObject && isSeparate }
        if text.hasPrefix("update", at: token.range.lowerBound) {
            return text.hasPrefix("set", at: third.range.lowerBound) || next.kind == .string
        }
        if isObject {
            if isSeparate {
                return third.kind == .word || third.kind == .call || third.kind == .string || isLocal(third, text)
            }
            return isNamed(third, text)
        }
        return isSeparate && next.kind == .word
            && (third.word == .statement || third.word == .from || third.word == .into || third.kind == .comparison)
    }
}
