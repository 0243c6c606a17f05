/// A SecLang verdict in the words of the built-in engine, so that both judge a request together.
extension SecLangVerdict {
    /// Joins what the rules found to what the built-in engine found. A rule's own `deny` is as sure as a finding can be;
    /// otherwise its severity says how much it means, and its neighbours add to it.
    package func joined(to verdict: InspectionVerdict, _ policy: InspectionPolicy) -> InspectionVerdict {
        let found = matches.compactMap { finding($0, policy) }
        guard !found.isEmpty || !isComplete else { return verdict }
        let all = (verdict.findings + found).sorted { $0.weight > $1.weight }
        let score = all.isEmpty ? 0 : Score.combine(all)
        return InspectionVerdict(
            score: score, action: policy.action(for: score), findings: all,
            isComplete: verdict.isComplete && isComplete)
    }

    private func finding(_ match: SecLangMatch, _ policy: InspectionPolicy) -> Finding? {
        // Sums and reports repeat what other rules found.
        guard let category = Self.category(match.tags), !match.matched.isEmpty else { return nil }
        let (variable, parameter) = Self.place(match.variable)
        let id = "seclang.\(match.ruleID)"
        let isExcluded = policy.exclusions.contains { $0.covers(route: policy.route, rule: id, parameter: parameter) }
        guard !isExcluded else { return nil }
        return Finding(
            ruleID: id, title: match.message, category: category, variable: variable, parameter: parameter,
            matched: match.matched, offset: match.offset, weight: weight(match),
            silencedBy: Exclusion(
                route: policy.route.isEmpty ? nil : policy.route, rule: id,
                parameter: parameter.isEmpty ? nil : parameter))
    }

    private func weight(_ match: SecLangMatch) -> Double {
        if interruption?.ruleID == match.ruleID { return Confidence.certain.rawValue }
        switch match.severity ?? 7 {
        case 0...2: return Confidence.likely.rawValue
        case 3: return Confidence.weak.rawValue
        default: return Confidence.hint.rawValue
        }
    }

    private static func category(_ tags: [String]) -> FindingCategory? {
        for tag in tags {
            guard let known = categories[tag] else { continue }
            return known
        }
        return tags.contains { $0.hasPrefix("attack-") } ? .protocolAbuse : nil
    }

    private static let categories: [String: FindingCategory] = [
        "attack-sqli": .sqlInjection, "attack-xss": .crossSiteScripting, "attack-rce": .commandInjection,
        "attack-lfi": .pathTraversal, "attack-rfi": .remoteFileInclusion, "attack-ssrf": .serverSideRequestForgery,
        "attack-injection-php": .codeInjection, "attack-injection-java": .codeInjection,
        "attack-injection-generic": .codeInjection, "attack-reputation-scanner": .scanner,
        "attack-ssti": .templateInjection, "attack-ldap": .directoryInjection,
        "attack-protocol": .protocolAbuse, "attack-generic": .protocolAbuse,
    ]

    /// `ARGS:q` as the built-in engine calls it.
    private static func place(_ text: String) -> (Variable, String) {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let member = String(text[colon...].dropFirst())
        switch text[..<colon] {
        case "ARGS", "ARGS_GET", "ARGS_POST": return (.argument, member)
        case "ARGS_NAMES", "ARGS_GET_NAMES", "ARGS_POST_NAMES": return (.argumentName, member)
        case "REQUEST_COOKIES", "REQUEST_COOKIES_NAMES": return (.cookie, member)
        case "REQUEST_HEADERS", "REQUEST_HEADERS_NAMES":
            return (member.lowercased() == "user-agent" ? .userAgent : .header, member)
        case "REQUEST_FILENAME", "REQUEST_BASENAME": return (.path, "")
        case "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_LINE", "QUERY_STRING": return (.target, "")
        case "REQUEST_METHOD": return (.method, "")
        case "FILES", "FILES_NAMES": return (.fileName, member)
        case "XML": return (.xmlText, "")
        default: return (.body, member)
        }
    }
}
