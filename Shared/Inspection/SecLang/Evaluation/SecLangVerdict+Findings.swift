/// A SecLang verdict in the words of the built-in engine, so that both judge a request together.
extension SecLangVerdict {
    /// Joins what the rules found to what the built-in engine found. A rule's own `deny` is as sure as a finding can be;
    /// otherwise its severity says how much it means, and its neighbours add to it. Rules that only observe (detection
    /// only) raise an alert at most.
    package func joined(to verdict: InspectionVerdict, _ policy: InspectionPolicy) -> InspectionVerdict {
        var found = matches.compactMap { finding($0, policy) }
        if let stop = unspoken(policy) { found.append(stop) }
        guard !found.isEmpty || !isComplete else { return verdict }
        let all = (verdict.findings + found).sorted { $0.weight > $1.weight }
        let score = all.isEmpty ? 0 : Score.combine(all)
        var action = policy.action(for: score)
        if !isEnforced, action == .block { action = verdict.action == .block ? .block : .alert }
        return InspectionVerdict(
            score: score, action: action, findings: all, isComplete: verdict.isComplete && isComplete)
    }

    /// The rule that stops the request.
    private var stop: Int? {
        guard isEnforced, let interruption, interruption.action != .allow else { return nil }
        return interruption.ruleID
    }

    /// A rule that stops the request and says nothing (`nolog`) stops it all the same.
    private func unspoken(_ policy: InspectionPolicy) -> Finding? {
        guard let stop, !matches.contains(where: { $0.ruleID == stop }) else { return nil }
        let match = SecLangMatch(
            ruleID: stop, phase: 0, message: "a rule that stops requests and says nothing of it", logData: "", tags: [],
            variable: "", matched: [], offset: 0, file: "", line: 0)
        return finding(match, policy)
    }

    private func finding(_ match: SecLangMatch, _ policy: InspectionPolicy) -> Finding? {
        // Sums and reports repeat what other rules found; the one that stops the request says so, whatever its tags.
        let isStop = stop == match.ruleID
        let known = Self.category(match.tags)
        guard isStop || known != nil && !match.matched.isEmpty && !match.variable.hasPrefix("TX:") else { return nil }
        let category = known ?? .protocolAbuse
        let (variable, parameter) = Self.place(match.variable)
        let id = "seclang.\(match.ruleID)"
        let isExcluded = policy.exclusions.contains { $0.covers(route: policy.route, rule: id, parameter: parameter) }
        guard !isExcluded else { return nil }
        return Finding(
            ruleID: id, title: match.message, category: category, variable: variable, parameter: parameter,
            matched: match.matched, offset: match.offset,
            weight: isStop ? Confidence.certain.rawValue : Self.weight(match),
            silencedBy: Exclusion(
                route: policy.route.isEmpty ? nil : policy.route, rule: id,
                parameter: parameter.isEmpty ? nil : parameter),
            silencedByDirective: Self.directive(match))
    }

    /// What a rule file would say. A target can be taken out where it is one of the request's own.
    private static func directive(_ match: SecLangMatch) -> String {
        let isOwn = !match.variable.hasPrefix("TX:") && !match.variable.hasPrefix("MATCHED_VAR")
        let isPlain = match.variable.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x7c }
        guard isOwn, isPlain, !match.variable.isEmpty else { return "SecRuleRemoveById \(match.ruleID)" }
        return "SecRuleUpdateTargetById \(match.ruleID) \"!\(match.variable)\""
    }

    private static func weight(_ match: SecLangMatch) -> Double {
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
