internal import PatternMatching

/// Whether a value, put into a page as it is, would make a browser run script or load foreign content.
///
/// It is read in the contexts that a page offers: between elements, in an attribute's value with either quote or none,
/// and in a script's string. What is looked for is what a browser would do with it, not the words themselves.
package enum MarkupGrammar {
    private static let maximumTagLength = 2_048
    private static let maximumParts = 48

    /// For `@detectXSS`: everything that at least looks like it.
    package static func isInjection(_ text: Span<UInt8>) -> Bool {
        (judge(text, sparesBare: false)?.confidence.rawValue ?? 0) >= Confidence.likely.rawValue
    }

    /// - Parameter sparesBare: whether an element without attributes needs company, which loads nothing by itself.
    package static func judge(_ text: Span<UInt8>, sparesBare: Bool = true) -> GrammarVerdict? {
        var verdict = judgeElements(text, sparesBare)
        if verdict?.confidence == .certain { return verdict }
        verdict = GrammarVerdict.stronger(verdict, judgeAttributes(text))
        if verdict?.confidence == .certain { return verdict }
        guard var script = ScriptGrammar.judge(text) else { return verdict }
        if Prose.precedes(script.range.lowerBound, in: text) { script.confidence = .weak }
        return GrammarVerdict.stronger(verdict, script)
    }

    // MARK: Between elements

    private static func judgeElements(_ text: Span<UInt8>, _ sparesBare: Bool) -> GrammarVerdict? {
        var verdict: GrammarVerdict?
        // A tag in a tag's quotes is read again on its own, so the sum of what is read is bounded here.
        var budget = 8 * text.count + 4_096
        var index = 0
        while index < text.count, budget > 0 {
            index = text.place(of: UInt8(ascii: "<"), from: index)
            guard index < text.count else { break }
            let (found, length) = judgeTag(text, at: index, sparesBare)
            verdict = GrammarVerdict.stronger(verdict, found)
            if verdict?.confidence == .certain { return verdict }
            budget -= length
            index += 1
        }
        return verdict
    }

    private static func judgeTag(
        _ text: Span<UInt8>, at start: Int, _ sparesBare: Bool
    ) -> (GrammarVerdict?, Int) {
        var index = start + 1
        let isClosing = index < text.count && text[index] == UInt8(ascii: "/")
        if isClosing { index += 1 }
        let nameStart = index
        guard index < text.count, text[index].isLetter else { return (judgeDeclaration(text, at: start), 4) }
        while index < text.count, isNameByte(text[index]), index - nameStart < 64 { index += 1 }
        let name = nameStart..<index
        let element = element(text, name)
        if isClosing {
            let leaves = element == .script || element == .rawText || element == .active
            let isBreakout = leaves && opensElement(text, after: index) && !opens(text, name)
            return (isBreakout ? GrammarVerdict(.likely, start..<index) : nil, index - start)
        }
        guard index == text.count || !isTextAfterName(text[index]) else { return (nil, index - start) }
        if element == .script {
            let confidence = isWrittenAbout(text, after: index) ? Confidence.weak : .certain
            return (GrammarVerdict(confidence, start..<index), index - start)
        }
        var attributes = MarkupAttributes(from: index, text, maximumLength: maximumTagLength)
        if text.isOne(of: ["style>"], at: nameStart), StyleCode.isCode(text.extracting(index..<text.count)) {
            return (GrammarVerdict(.certain, start..<index), min(1_024, text.count - start))
        }
        // `List<Object>`, a feed's `<link>`.
        let isBare = sparesBare && index < text.count && text[index] == UInt8(ascii: ">") && element == .active
        var verdict = element == .active ? GrammarVerdict(isBare ? .weak : .likely, start..<index) : nil
        for _ in 0..<maximumParts {
            guard let part = attributes.next(text) else { break }
            // A drawing, or a player as its maker hands it out: what they hold is judged by itself.
            if element == .active, verdict?.confidence == .likely, isPlacement(text, name, part.name) {
                verdict?.confidence = .weak
            }
            guard let confidence = judge(part, text, isInTag: true) else { continue }
            verdict = GrammarVerdict.stronger(
                verdict, GrammarVerdict(confidence, start..<max(attributes.index, start + 1)))
            if confidence == .certain { break }
        }
        return (verdict, attributes.index - start)
    }

    /// What nobody gives these elements who wants more from them than to be looked at.
    private static func isPlacement(_ text: Span<UInt8>, _ element: Range<Int>, _ attribute: Range<Int>) -> Bool {
        switch (element.count, attribute.count) {
        case (3, 7):
            text.hasPrefix("svg", at: element.lowerBound) && text.hasPrefix("viewbox", at: attribute.lowerBound)
        case (6, 15):
            text.hasPrefix("iframe", at: element.lowerBound)
                && text.hasPrefix("allowfullscreen", at: attribute.lowerBound)
        default: false
        }
    }

    /// `the <script> tag in a page`: sentences and nothing else to the end.
    private static func isWrittenAbout(_ text: Span<UInt8>, after start: Int) -> Bool {
        guard start + 3 < text.count, text[start] == UInt8(ascii: ">"), text[start + 1] == 0x20 else { return false }
        for index in (start + 1)..<text.count where !isSentence(text[index]) { return false }
        return Prose.words(text, (start + 1)..<text.count, atLeast: 2)
    }

    private static func isSentence(_ byte: UInt8) -> Bool {
        byte.isLetter || byte == 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "?")
            || byte == UInt8(ascii: "!")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
    }

    /// `a<b.` is no tag: a name ends at a space, `/`, `>` or the text's end (or at what only test tools put there).
    private static func isTextAfterName(_ byte: UInt8) -> Bool {
        !(byte <= 0x20 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "<")
            || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\""))
    }

    /// With or without a namespace before it.
    private static func element(_ text: Span<UInt8>, _ name: Range<Int>) -> MarkupElement? {
        if let known = MarkupElement.table(text, name) { return known }
        guard let colon = name.first(where: { text[$0] == UInt8(ascii: ":") }) else { return nil }
        return MarkupElement.table(text, (colon + 1)..<name.upperBound)
    }

    /// Whether the element was opened in the text itself, shortly before: closing it then leaves nothing.
    private static func opens(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let last = name.lowerBound - 2
        var index = max(0, last - 512)
        while index + name.count < last {
            if text[index] == UInt8(ascii: "<"),
                (0..<name.count).allSatisfy({
                    text[index + 1 + $0].lowercased == text[name.lowerBound + $0].lowercased
                })
            {
                return true
            }
            index += 1
        }
        return false
    }

    private static func opensElement(_ text: Span<UInt8>, after start: Int) -> Bool {
        var index = start
        let limit = min(text.count, start + 16)
        while index + 1 < limit, text[index] != UInt8(ascii: "<") { index += 1 }
        return index + 1 < limit && (text[index + 1].isLetter || text[index + 1] == UInt8(ascii: "!"))
    }

    /// `<!--[if`, `<!entity`, `<?import`, `<?xml-stylesheet`
    private static func judgeDeclaration(_ text: Span<UInt8>, at start: Int) -> GrammarVerdict? {
        let isKnown =
            text.hasPrefix("<?import", at: start) || text.hasPrefix("<?xml-stylesheet", at: start)
            || text.hasPrefix("<!--[if", at: start)
        return isKnown ? GrammarVerdict(.likely, start..<(start + 7)) : nil
    }

    // MARK: In an attribute

    /// `" onfocus=…`: the quote that holds the value is closed, and more attributes follow. A value that begins with
    /// attributes needs no quote where the page has none.
    private static func judgeAttributes(_ text: Span<UInt8>) -> GrammarVerdict? {
        var verdict = judgeAttributes(text, from: 0)
        var breakouts = 0
        var index = 0
        while index < text.count, breakouts < 4, verdict?.confidence != .certain {
            index = text.placeOfQuote(from: index) + 1
            guard index <= text.count else { break }
            breakouts += 1
            verdict = GrammarVerdict.stronger(verdict, judgeAttributes(text, from: index))
        }
        return verdict
    }

    private static func judgeAttributes(_ text: Span<UInt8>, from start: Int) -> GrammarVerdict? {
        var attributes = MarkupAttributes(from: start, text, maximumLength: maximumTagLength)
        for _ in 0..<8 {
            guard let part = attributes.next(text) else { return nil }
            guard isAttributeName(text, part.name) else { return nil }
            if let confidence = judge(part, text, isInTag: false) {
                return GrammarVerdict(confidence, part.name.lowerBound..<attributes.index)
            }
        }
        return nil
    }

    private static func isAttributeName(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.count <= 40 && name.allSatisfy { isNameByte(text[$0]) || text[$0] == UInt8(ascii: "_") }
    }

    private static func judge(_ part: MarkupPart, _ text: Span<UInt8>, isInTag: Bool) -> Confidence? {
        if text.hasPrefix("on", at: part.name.lowerBound), part.name.count >= 5 {
            return judgeHandler(part, text, isInTag: isInTag)
        }
        guard isInTag, let meaning = MarkupAttribute.table(text, part.name) else { return nil }
        switch meaning {
        case .address: return ScriptAddress.isCode(text.extracting(part.value)) ? .certain : nil
        case .document: return part.value.isEmpty ? nil : .certain
        case .style: return StyleCode.isCode(text.extracting(part.value)) ? .certain : nil
        }
    }

    private static func judgeHandler(_ part: MarkupPart, _ text: Span<UInt8>, isInTag: Bool) -> Confidence? {
        let event = (part.name.lowerBound + 2)..<part.name.upperBound
        guard event.allSatisfy({ text[$0].isLetter }), !part.value.isEmpty else { return nil }
        let isKnown = MarkupAttribute.events(text, event) != nil
        let isCode = part.value.contains { codeBytes.contains(text[$0]) }
        if isInTag { return isKnown || isCode ? .certain : .weak }
        if isKnown { return isCode ? .certain : .likely }
        return isCode ? .likely : nil
    }

    private static let codeBytes: Set<UInt8> = Set("(`=.[;&\\{".utf8)
}

/// An address that is code: `javascript:` and its kin, or a `data:` document.
enum ScriptAddress {
    static func isCode(_ text: Span<UInt8>) -> Bool {
        var scheme: [UInt8] = []
        var index = 0
        // Browsers drop control characters and leading spaces, and read letters in either case.
        while index < text.count, scheme.count < 16, index < 256 {
            let byte = text[index].lowercased
            index += 1
            if byte <= 0x20 || byte == 0x7f { continue }
            if byte == UInt8(ascii: ":") { return isCode(scheme, text.extracting(index..<text.count)) }
            scheme.append(byte)
        }
        return false
    }

    private static func isCode(_ scheme: [UInt8], _ rest: Span<UInt8>) -> Bool {
        if scheme == Array("data".utf8) {
            return ["text/html", "text/xml", "image/svg+xml", "application/x", "text/javascript", ",", ";base64,ph"]
                .contains { rest.hasPrefix($0, at: 0) }
        }
        return codeSchemes.contains(scheme) && !isHarmless(rest)
    }

    private static let codeSchemes = Set(
        ["javascript", "vbscript", "livescript", "jscript", "mocha", "feed:javascript"].map { Array($0.utf8) })

    /// `javascript:;` and `javascript:void(0)` are how old pages write a link that does nothing.
    private static func isHarmless(_ rest: Span<UInt8>) -> Bool {
        rest.count <= 1 || (rest.hasPrefix("void(0)", at: 0) && rest.count <= 8) || rest.hasPrefix("history.", at: 0)
    }
}
