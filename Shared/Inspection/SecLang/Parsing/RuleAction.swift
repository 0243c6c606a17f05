/// What a rule does when it matches, and what it says of itself (ModSecurity reference manual, "Actions").
enum RuleAction: Sendable, Equatable {
    enum Disruption: Sendable, Equatable {
        case pass
        case allow
        case allowPhase
        case allowRequest
        case block
        case deny
        case drop
        case redirect(MacroText)
    }

    enum Assignment: Sendable, Equatable {
        case set(MacroText)
        case add(MacroText)
        case subtract(MacroText)
        case unset
    }

    enum Control: Sendable, Equatable {
        case ruleEngine(SecLangMode)
        case requestBodyProcessor(String)
        case forceRequestBodyVariable(Bool)
        case requestBodyAccess(Bool)
        case responseBodyAccess(Bool)
        case removeByID(ClosedRange<Int>)
        case removeByTag([UInt8])
        case removeByMessage([UInt8])
        case removeTargetByID(ClosedRange<Int>, RuleTarget)
        case removeTargetByTag([UInt8], RuleTarget)
        case removeTargetByMessage([UInt8], RuleTarget)
        /// What is logged is not this engine's to decide: accepted, without effect.
        case audit
    }

    case id(Int)
    case phase(Int)
    case message(MacroText)
    case logData(MacroText)
    case tag([UInt8])
    case severity(Int)
    /// `ver`, `rev`, `maturity`, `accuracy`: kept for whoever lists the rules.
    case label(String, [UInt8])
    case status(Int)
    case disruption(Disruption)
    case transformation(SecLangTransformation?)
    case chain
    case capture
    case multiMatch
    case log(Bool)
    case audit(Bool)
    case skip(Int)
    case skipAfter([UInt8])
    case assign(SecLangVariable, name: MacroText, Assignment)
    /// `expirevar`, `initcol`, `setuid`, `setsid`, `deprecatevar`, `sanitise…`, `setenv`: see `PersistentCollections`.
    case collection(SecLangVariable, MacroText)
    case expire(SecLangVariable, MacroText)
    case accepted(String)
    case control(Control)
}

package enum SecLangMode: Sendable, Equatable {
    case on
    case off
    case detectionOnly

    init?(_ text: String) {
        switch text.lowercased() {
        case "on": self = .on
        case "off": self = .off
        case "detectiononly": self = .detectionOnly
        default: return nil
        }
    }
}
